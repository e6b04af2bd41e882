"""
Notice new CSV files, run each batch as a Prefect flow on Dask, publish Parquet.
"""

__version__ = "0.1.0"
