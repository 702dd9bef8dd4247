"""The signatures of both exchanges, made and checked: used by adapters and simulators alike."""
