"""Language models that judge whether found evidence says what reference evidence says, and the other way round."""
