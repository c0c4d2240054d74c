"""Refuse a 13, and take everything else."""

import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            value = pb_utils.get_input_tensor_by_name(request, "IN").as_numpy()
            error = pb_utils.TritonError("thirteen is out of the question") if value[0] == 13 else None
            answers.append(pb_utils.InferenceResponse([pb_utils.Tensor("OUT", value)], error))
        return answers
