"""What authors of programs use."""

from .program_backend import ProgramBackend
from .result_decoder import ResultDecoder
from .user_messenger import UserMessenger

__all__ = ["ProgramBackend", "ResultDecoder", "UserMessenger"]
