"""Which errors say that memory ran out."""

import torch


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the memory of a GPU, or of the computer, ran out."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)
