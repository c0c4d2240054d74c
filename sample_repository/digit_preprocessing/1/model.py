"""Triton's face of picture.py: image files in, pixels out."""

import numpy as np
import triton_python_backend_utils as pb_utils
from picture import UnreadableImage, to_pixels


class TritonPythonModel:
    """``image``, BYTES [batch, 1] -> ``pixels``, FP32 [batch, 1, 8, 8]."""

    def execute(self, requests: list) -> list:
        """One response for each request, in order: Triton hands over all that came in together."""
        return [self._respond(request) for request in requests]

    def _respond(self, request):
        # An image that cannot be read is the fault of one request; the others of this call must not pay for it.
        images = pb_utils.get_input_tensor_by_name(request, "image").as_numpy().reshape(-1)
        pixels = np.empty((len(images), 1, 8, 8), np.float32)
        i = 0
        try:
            for i, image in enumerate(images):
                pixels[i, 0] = to_pixels(image)
        except UnreadableImage as error:
            place = f"image {i + 1} of {len(images)}: " if len(images) > 1 else ""
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(f"{place}{error}"))
        return pb_utils.InferenceResponse([pb_utils.Tensor("pixels", pixels)])
