"""What a learner is asked, and what its answers are worth: streams, protocols, scores with intervals, the model card."""
