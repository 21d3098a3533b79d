"""Inputs of a primitive, as sent.

Users hand over what they like, and a stand-in for a session, a service or a client sees it as it
was given. Only where a request is written are inputs checked for what no service could run, and put
into the one form that all services understand.
"""
