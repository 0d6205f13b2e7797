"""onnxruntime: predicts with the same network, whose graph ends in the class itself."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


class Peer:
    """A session on the CPU with the wanted number of threads."""

    def __init__(self, work):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = work.threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            model_of(work).SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def predict(self, X):
        return self.session.run(["class"], {"images": X})[0]

    def predictor(self, X):
        run, names, images = self.session.run, ["class"], {"images": X}
        return lambda: run(names, images)


def model_of(work):
    """Return the starting network as a graph of Gemm, Relu and ArgMax."""
    nodes, constants, last = [], [], "images"
    start = work.start()
    for number, (weights, biases) in enumerate(start):
        names = f"W{number}", f"b{number}"
        constants += [
            numpy_helper.from_array(np.ascontiguousarray(array), name)
            for array, name in zip((weights, biases), names, strict=True)
        ]
        nodes.append(helper.make_node("Gemm", [last, *names], [f"z{number}"]))
        last = f"z{number}"
        if number < len(start) - 1:
            nodes.append(helper.make_node("Relu", [last], [f"y{number}"]))
            last = f"y{number}"
    nodes.append(helper.make_node("ArgMax", [last], ["class"], axis=1, keepdims=0))
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", work.sizes[0]])],
        [helper.make_tensor_value_info("class", TensorProto.INT64, ["batch"])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model
