"""A bundle reads films: onnxruntime sessions, the gate, the predictor, heat maps, batches."""
