"""
The durable memory: which file versions and batches exist, and how each ended.
"""
