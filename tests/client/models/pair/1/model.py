"""Add two inputs."""

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            left, right = (pb_utils.get_input_tensor_by_name(request, name).as_numpy() for name in ("LEFT", "RIGHT"))
            answers.append(pb_utils.InferenceResponse([pb_utils.Tensor("SUM", left + right.astype("float32"))]))
        return answers
