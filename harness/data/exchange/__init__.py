"""Exchange with other tools: CSV, Parquet, pandas, Hugging Face, labeling tools, ClaimReview."""
