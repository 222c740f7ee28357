"""Exchange with other tools: CSV, Parquet, pandas, Hugging Face, Label Studio, ClaimReview."""
