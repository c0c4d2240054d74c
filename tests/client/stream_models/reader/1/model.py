"""Say what the data is, and refuse what is not a JPEG file; the parameters of a request are part of the answer."""

import json

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            data = pb_utils.get_input_tensor_by_name(request, "DATA").as_numpy()[0]
            if not data.startswith(b"\xff\xd8\xff"):
                answers.append(pb_utils.InferenceResponse(error=pb_utils.TritonError("cannot identify image file")))
                continue
            kind = json.dumps({"id": request.request_id(), "parameters": json.loads(request.parameters())})
            answers.append(
                pb_utils.InferenceResponse([pb_utils.Tensor("KIND", np.array([kind.encode()], dtype=np.object_))])
            )
        return answers
