"""Rules about ensembles."""
