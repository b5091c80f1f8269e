"""Errors of the contracts.

ContractError
└── BadArgumentsError    arguments that no repair could make valid; read by the model that sent them
"""


class ContractError(Exception):
    """Base of everything this package raises."""


class BadArgumentsError(ContractError):
    """Arguments that do not fit a tool's contract.

    The message is one line for the model: what is wrong, which arguments are valid, what to send instead.
    """
