"""When this process began to use the package; imported with the package itself, so nothing heavy belongs here."""

from time import time

BEGAN = time()
"""Local code that was edited later may differ from the code that this process runs. In seconds, as file times are."""
