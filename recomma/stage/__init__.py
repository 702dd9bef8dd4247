"""The whole program on one machine for a while: servers, simulators, beat and workers.

Shared by demo and rehearse. Everything lives in a private folder and under the care of the
embedded servers' keeper, so that nothing is left when this process ends, however it ends.
"""
