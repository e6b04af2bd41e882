"""
Run a batch: plan in, staged Parquet parts out, through Prefect and Dask.
"""
