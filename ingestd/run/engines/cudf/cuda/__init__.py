"""
A GPU by CuPy and cuDF: the only door to them.
"""

from ingestd.run.engines.cudf.cuda.gpu import CudaDevice, own_device

__all__ = ["CudaDevice", "own_device"]
