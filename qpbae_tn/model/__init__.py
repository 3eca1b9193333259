"""The model: specification, ansatz, patches, embedding, matrix product states, the model file."""
