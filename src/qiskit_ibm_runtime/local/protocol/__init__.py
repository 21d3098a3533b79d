"""Request and response formats, authentication, and checks that apply to all requests.

Does not import the packages that store or run jobs.
"""
