"""What a learner is asked and what its answers are worth: streams, protocols, scores, intervals, the model card."""
