# Made by scripts/make_schema.py out of model_config.binpb; do not edit.  # ruff: noqa: E501
"""The messages of a model configuration as literals: what schema.py is built from."""

SOURCE = "tritonclient 2.73.0"
RELEASE = "26.09"

# message -> (is a map entry, fields: name, number, kind, repeated, type, oneof)
MESSAGES = {
    "ModelRateLimiter": (
        False,
        (
            ("resources", 1, "message", True, "ModelRateLimiter.Resource", ""),
            ("priority", 2, "uint32", False, "", ""),
        ),
    ),
    "ModelRateLimiter.Resource": (
        False,
        (
            ("name", 1, "string", False, "", ""),
            ("global", 2, "bool", False, "", ""),
            ("count", 3, "uint32", False, "", ""),
        ),
    ),
    "ModelInstanceGroup": (
        False,
        (
            ("name", 1, "string", False, "", ""),
            ("kind", 4, "enum", False, "ModelInstanceGroup.Kind", ""),
            ("count", 2, "int32", False, "", ""),
            ("rate_limiter", 6, "message", False, "ModelRateLimiter", ""),
            ("gpus", 3, "int32", True, "", ""),
            ("secondary_devices", 8, "message", True, "ModelInstanceGroup.SecondaryDevice", ""),
            ("profile", 5, "string", True, "", ""),
            ("passive", 7, "bool", False, "", ""),
            ("host_policy", 9, "string", False, "", ""),
        ),
    ),
    "ModelInstanceGroup.SecondaryDevice": (
        False,
        (
            ("kind", 1, "enum", False, "ModelInstanceGroup.SecondaryDevice.SecondaryDeviceKind", ""),
            ("device_id", 2, "int64", False, "", ""),
        ),
    ),
    "ModelTensorReshape": (
        False,
        (
            ("shape", 1, "int64", True, "", ""),
        ),
    ),
    "ModelInput": (
        False,
        (
            ("name", 1, "string", False, "", ""),
            ("data_type", 2, "enum", False, "DataType", ""),
            ("format", 3, "enum", False, "ModelInput.Format", ""),
            ("dims", 4, "int64", True, "", ""),
            ("reshape", 5, "message", False, "ModelTensorReshape", ""),
            ("is_shape_tensor", 6, "bool", False, "", ""),
            ("allow_ragged_batch", 7, "bool", False, "", ""),
            ("optional", 8, "bool", False, "", ""),
            ("is_non_linear_format_io", 9, "bool", False, "", ""),
        ),
    ),
    "ModelOutput": (
        False,
        (
            ("name", 1, "string", False, "", ""),
            ("data_type", 2, "enum", False, "DataType", ""),
            ("dims", 3, "int64", True, "", ""),
            ("reshape", 5, "message", False, "ModelTensorReshape", ""),
            ("label_filename", 4, "string", False, "", ""),
            ("is_shape_tensor", 6, "bool", False, "", ""),
            ("is_non_linear_format_io", 7, "bool", False, "", ""),
        ),
    ),
    "BatchInput": (
        False,
        (
            ("kind", 1, "enum", False, "BatchInput.Kind", ""),
            ("target_name", 2, "string", True, "", ""),
            ("data_type", 3, "enum", False, "DataType", ""),
            ("source_input", 4, "string", True, "", ""),
        ),
    ),
    "BatchOutput": (
        False,
        (
            ("target_name", 1, "string", True, "", ""),
            ("kind", 2, "enum", False, "BatchOutput.Kind", ""),
            ("source_input", 3, "string", True, "", ""),
        ),
    ),
    "ModelVersionPolicy": (
        False,
        (
            ("latest", 1, "message", False, "ModelVersionPolicy.Latest", "policy_choice"),
            ("all", 2, "message", False, "ModelVersionPolicy.All", "policy_choice"),
            ("specific", 3, "message", False, "ModelVersionPolicy.Specific", "policy_choice"),
        ),
    ),
    "ModelVersionPolicy.Latest": (
        False,
        (
            ("num_versions", 1, "uint32", False, "", ""),
        ),
    ),
    "ModelVersionPolicy.All": (
        False,
        (
        ),
    ),
    "ModelVersionPolicy.Specific": (
        False,
        (
            ("versions", 1, "int64", True, "", ""),
        ),
    ),
    "ModelOptimizationPolicy": (
        False,
        (
            ("graph", 1, "message", False, "ModelOptimizationPolicy.Graph", ""),
            ("priority", 2, "enum", False, "ModelOptimizationPolicy.ModelPriority", ""),
            ("cuda", 3, "message", False, "ModelOptimizationPolicy.Cuda", ""),
            ("execution_accelerators", 4, "message", False, "ModelOptimizationPolicy.ExecutionAccelerators", ""),
            ("input_pinned_memory", 5, "message", False, "ModelOptimizationPolicy.PinnedMemoryBuffer", ""),
            ("output_pinned_memory", 6, "message", False, "ModelOptimizationPolicy.PinnedMemoryBuffer", ""),
            ("gather_kernel_buffer_threshold", 7, "uint32", False, "", ""),
            ("eager_batching", 8, "bool", False, "", ""),
        ),
    ),
    "ModelOptimizationPolicy.Graph": (
        False,
        (
            ("level", 1, "int32", False, "", ""),
        ),
    ),
    "ModelOptimizationPolicy.Cuda": (
        False,
        (
            ("graphs", 1, "bool", False, "", ""),
            ("busy_wait_events", 2, "bool", False, "", ""),
            ("graph_spec", 3, "message", True, "ModelOptimizationPolicy.Cuda.GraphSpec", ""),
            ("output_copy_stream", 4, "bool", False, "", ""),
        ),
    ),
    "ModelOptimizationPolicy.Cuda.GraphSpec": (
        False,
        (
            ("batch_size", 1, "int32", False, "", ""),
            ("input", 2, "message", True, "ModelOptimizationPolicy.Cuda.GraphSpec.InputEntry", ""),
            ("graph_lower_bound", 3, "message", False, "ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound", ""),
        ),
    ),
    "ModelOptimizationPolicy.Cuda.GraphSpec.Shape": (
        False,
        (
            ("dim", 1, "int64", True, "", ""),
        ),
    ),
    "ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound": (
        False,
        (
            ("batch_size", 1, "int32", False, "", ""),
            ("input", 2, "message", True, "ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound.InputEntry", ""),
        ),
    ),
    "ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound.InputEntry": (
        True,
        (
            ("key", 1, "string", False, "", ""),
            ("value", 2, "message", False, "ModelOptimizationPolicy.Cuda.GraphSpec.Shape", ""),
        ),
    ),
    "ModelOptimizationPolicy.Cuda.GraphSpec.InputEntry": (
        True,
        (
            ("key", 1, "string", False, "", ""),
            ("value", 2, "message", False, "ModelOptimizationPolicy.Cuda.GraphSpec.Shape", ""),
        ),
    ),
    "ModelOptimizationPolicy.ExecutionAccelerators": (
        False,
        (
            ("gpu_execution_accelerator", 1, "message", True, "ModelOptimizationPolicy.ExecutionAccelerators.Accelerator", ""),
            ("cpu_execution_accelerator", 2, "message", True, "ModelOptimizationPolicy.ExecutionAccelerators.Accelerator", ""),
        ),
    ),
    "ModelOptimizationPolicy.ExecutionAccelerators.Accelerator": (
        False,
        (
            ("name", 1, "string", False, "", ""),
            ("parameters", 2, "message", True, "ModelOptimizationPolicy.ExecutionAccelerators.Accelerator.ParametersEntry", ""),
        ),
    ),
    "ModelOptimizationPolicy.ExecutionAccelerators.Accelerator.ParametersEntry": (
        True,
        (
            ("key", 1, "string", False, "", ""),
            ("value", 2, "string", False, "", ""),
        ),
    ),
    "ModelOptimizationPolicy.PinnedMemoryBuffer": (
        False,
        (
            ("enable", 1, "bool", False, "", ""),
        ),
    ),
    "ModelQueuePolicy": (
        False,
        (
            ("timeout_action", 1, "enum", False, "ModelQueuePolicy.TimeoutAction", ""),
            ("default_timeout_microseconds", 2, "uint64", False, "", ""),
            ("allow_timeout_override", 3, "bool", False, "", ""),
            ("max_queue_size", 4, "uint32", False, "", ""),
        ),
    ),
    "ModelDynamicBatching": (
        False,
        (
            ("preferred_batch_size", 1, "int32", True, "", ""),
            ("max_queue_delay_microseconds", 2, "uint64", False, "", ""),
            ("preserve_ordering", 3, "bool", False, "", ""),
            ("priority_levels", 4, "uint64", False, "", ""),
            ("default_priority_level", 5, "uint64", False, "", ""),
            ("default_queue_policy", 6, "message", False, "ModelQueuePolicy", ""),
            ("priority_queue_policy", 7, "message", True, "ModelDynamicBatching.PriorityQueuePolicyEntry", ""),
        ),
    ),
    "ModelDynamicBatching.PriorityQueuePolicyEntry": (
        True,
        (
            ("key", 1, "uint64", False, "", ""),
            ("value", 2, "message", False, "ModelQueuePolicy", ""),
        ),
    ),
    "ModelSequenceBatching": (
        False,
        (
            ("direct", 3, "message", False, "ModelSequenceBatching.StrategyDirect", "strategy_choice"),
            ("oldest", 4, "message", False, "ModelSequenceBatching.StrategyOldest", "strategy_choice"),
            ("max_sequence_idle_microseconds", 1, "uint64", False, "", ""),
            ("control_input", 2, "message", True, "ModelSequenceBatching.ControlInput", ""),
            ("state", 5, "message", True, "ModelSequenceBatching.State", ""),
            ("iterative_sequence", 6, "bool", False, "", ""),
        ),
    ),
    "ModelSequenceBatching.Control": (
        False,
        (
            ("kind", 1, "enum", False, "ModelSequenceBatching.Control.Kind", ""),
            ("int32_false_true", 2, "int32", True, "", ""),
            ("fp32_false_true", 3, "float", True, "", ""),
            ("bool_false_true", 5, "bool", True, "", ""),
            ("data_type", 4, "enum", False, "DataType", ""),
        ),
    ),
    "ModelSequenceBatching.ControlInput": (
        False,
        (
            ("name", 1, "string", False, "", ""),
            ("control", 2, "message", True, "ModelSequenceBatching.Control", ""),
        ),
    ),
    "ModelSequenceBatching.InitialState": (
        False,
        (
            ("data_type", 1, "enum", False, "DataType", ""),
            ("dims", 2, "int64", True, "", ""),
            ("zero_data", 3, "bool", False, "", "state_data"),
            ("data_file", 4, "string", False, "", "state_data"),
            ("name", 5, "string", False, "", ""),
        ),
    ),
    "ModelSequenceBatching.State": (
        False,
        (
            ("input_name", 1, "string", False, "", ""),
            ("output_name", 2, "string", False, "", ""),
            ("data_type", 3, "enum", False, "DataType", ""),
            ("dims", 4, "int64", True, "", ""),
            ("initial_state", 5, "message", True, "ModelSequenceBatching.InitialState", ""),
            ("use_same_buffer_for_input_output", 6, "bool", False, "", ""),
            ("use_growable_memory", 7, "bool", False, "", ""),
        ),
    ),
    "ModelSequenceBatching.StrategyDirect": (
        False,
        (
            ("max_queue_delay_microseconds", 1, "uint64", False, "", ""),
            ("minimum_slot_utilization", 2, "float", False, "", ""),
        ),
    ),
    "ModelSequenceBatching.StrategyOldest": (
        False,
        (
            ("max_candidate_sequences", 1, "int32", False, "", ""),
            ("preferred_batch_size", 2, "int32", True, "", ""),
            ("max_queue_delay_microseconds", 3, "uint64", False, "", ""),
            ("preserve_ordering", 4, "bool", False, "", ""),
        ),
    ),
    "ModelEnsembling": (
        False,
        (
            ("step", 1, "message", True, "ModelEnsembling.Step", ""),
            ("max_inflight_requests", 2, "uint32", False, "", ""),
        ),
    ),
    "ModelEnsembling.Step": (
        False,
        (
            ("model_name", 1, "string", False, "", ""),
            ("model_version", 2, "int64", False, "", ""),
            ("input_map", 3, "message", True, "ModelEnsembling.Step.InputMapEntry", ""),
            ("output_map", 4, "message", True, "ModelEnsembling.Step.OutputMapEntry", ""),
            ("model_namespace", 5, "string", False, "", ""),
        ),
    ),
    "ModelEnsembling.Step.InputMapEntry": (
        True,
        (
            ("key", 1, "string", False, "", ""),
            ("value", 2, "string", False, "", ""),
        ),
    ),
    "ModelEnsembling.Step.OutputMapEntry": (
        True,
        (
            ("key", 1, "string", False, "", ""),
            ("value", 2, "string", False, "", ""),
        ),
    ),
    "ModelParameter": (
        False,
        (
            ("string_value", 1, "string", False, "", ""),
        ),
    ),
    "ModelWarmup": (
        False,
        (
            ("name", 1, "string", False, "", ""),
            ("batch_size", 2, "uint32", False, "", ""),
            ("inputs", 3, "message", True, "ModelWarmup.InputsEntry", ""),
            ("count", 4, "uint32", False, "", ""),
        ),
    ),
    "ModelWarmup.Input": (
        False,
        (
            ("data_type", 1, "enum", False, "DataType", ""),
            ("dims", 2, "int64", True, "", ""),
            ("zero_data", 3, "bool", False, "", "input_data_type"),
            ("random_data", 4, "bool", False, "", "input_data_type"),
            ("input_data_file", 5, "string", False, "", "input_data_type"),
        ),
    ),
    "ModelWarmup.InputsEntry": (
        True,
        (
            ("key", 1, "string", False, "", ""),
            ("value", 2, "message", False, "ModelWarmup.Input", ""),
        ),
    ),
    "ModelOperations": (
        False,
        (
            ("op_library_filename", 1, "string", True, "", ""),
        ),
    ),
    "ModelTransactionPolicy": (
        False,
        (
            ("decoupled", 1, "bool", False, "", ""),
        ),
    ),
    "ModelRepositoryAgents": (
        False,
        (
            ("agents", 1, "message", True, "ModelRepositoryAgents.Agent", ""),
        ),
    ),
    "ModelRepositoryAgents.Agent": (
        False,
        (
            ("name", 1, "string", False, "", ""),
            ("parameters", 2, "message", True, "ModelRepositoryAgents.Agent.ParametersEntry", ""),
        ),
    ),
    "ModelRepositoryAgents.Agent.ParametersEntry": (
        True,
        (
            ("key", 1, "string", False, "", ""),
            ("value", 2, "string", False, "", ""),
        ),
    ),
    "ModelResponseCache": (
        False,
        (
            ("enable", 1, "bool", False, "", ""),
        ),
    ),
    "ModelMetrics": (
        False,
        (
            ("metric_control", 1, "message", True, "ModelMetrics.MetricControl", ""),
        ),
    ),
    "ModelMetrics.MetricControl": (
        False,
        (
            ("metric_identifier", 1, "message", False, "ModelMetrics.MetricControl.MetricIdentifier", ""),
            ("histogram_options", 2, "message", False, "ModelMetrics.MetricControl.HistogramOptions", "metric_options"),
        ),
    ),
    "ModelMetrics.MetricControl.MetricIdentifier": (
        False,
        (
            ("family", 1, "string", False, "", ""),
        ),
    ),
    "ModelMetrics.MetricControl.HistogramOptions": (
        False,
        (
            ("buckets", 1, "double", True, "", ""),
        ),
    ),
    "ModelConfig": (
        False,
        (
            ("name", 1, "string", False, "", ""),
            ("platform", 2, "string", False, "", ""),
            ("backend", 17, "string", False, "", ""),
            ("runtime", 25, "string", False, "", ""),
            ("version_policy", 3, "message", False, "ModelVersionPolicy", ""),
            ("max_batch_size", 4, "int32", False, "", ""),
            ("input", 5, "message", True, "ModelInput", ""),
            ("output", 6, "message", True, "ModelOutput", ""),
            ("batch_input", 20, "message", True, "BatchInput", ""),
            ("batch_output", 21, "message", True, "BatchOutput", ""),
            ("optimization", 12, "message", False, "ModelOptimizationPolicy", ""),
            ("dynamic_batching", 11, "message", False, "ModelDynamicBatching", "scheduling_choice"),
            ("sequence_batching", 13, "message", False, "ModelSequenceBatching", "scheduling_choice"),
            ("ensemble_scheduling", 15, "message", False, "ModelEnsembling", "scheduling_choice"),
            ("instance_group", 7, "message", True, "ModelInstanceGroup", ""),
            ("default_model_filename", 8, "string", False, "", ""),
            ("cc_model_filenames", 9, "message", True, "ModelConfig.CcModelFilenamesEntry", ""),
            ("metric_tags", 10, "message", True, "ModelConfig.MetricTagsEntry", ""),
            ("parameters", 14, "message", True, "ModelConfig.ParametersEntry", ""),
            ("model_warmup", 16, "message", True, "ModelWarmup", ""),
            ("model_operations", 18, "message", False, "ModelOperations", ""),
            ("model_transaction_policy", 19, "message", False, "ModelTransactionPolicy", ""),
            ("model_repository_agents", 23, "message", False, "ModelRepositoryAgents", ""),
            ("response_cache", 24, "message", False, "ModelResponseCache", ""),
            ("model_metrics", 26, "message", False, "ModelMetrics", ""),
        ),
    ),
    "ModelConfig.CcModelFilenamesEntry": (
        True,
        (
            ("key", 1, "string", False, "", ""),
            ("value", 2, "string", False, "", ""),
        ),
    ),
    "ModelConfig.MetricTagsEntry": (
        True,
        (
            ("key", 1, "string", False, "", ""),
            ("value", 2, "string", False, "", ""),
        ),
    ),
    "ModelConfig.ParametersEntry": (
        True,
        (
            ("key", 1, "string", False, "", ""),
            ("value", 2, "message", False, "ModelParameter", ""),
        ),
    ),
}

# enum -> value -> number
ENUMS = {
    "DataType": {
        "TYPE_INVALID": 0,
        "TYPE_BOOL": 1,
        "TYPE_UINT8": 2,
        "TYPE_UINT16": 3,
        "TYPE_UINT32": 4,
        "TYPE_UINT64": 5,
        "TYPE_INT8": 6,
        "TYPE_INT16": 7,
        "TYPE_INT32": 8,
        "TYPE_INT64": 9,
        "TYPE_FP16": 10,
        "TYPE_FP32": 11,
        "TYPE_FP64": 12,
        "TYPE_STRING": 13,
        "TYPE_BF16": 14,
    },
    "ModelInstanceGroup.Kind": {
        "KIND_AUTO": 0,
        "KIND_GPU": 1,
        "KIND_CPU": 2,
        "KIND_MODEL": 3,
    },
    "ModelInstanceGroup.SecondaryDevice.SecondaryDeviceKind": {
        "KIND_NVDLA": 0,
    },
    "ModelInput.Format": {
        "FORMAT_NONE": 0,
        "FORMAT_NHWC": 1,
        "FORMAT_NCHW": 2,
    },
    "BatchInput.Kind": {
        "BATCH_ELEMENT_COUNT": 0,
        "BATCH_ACCUMULATED_ELEMENT_COUNT": 1,
        "BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO": 2,
        "BATCH_MAX_ELEMENT_COUNT_AS_SHAPE": 3,
        "BATCH_ITEM_SHAPE": 4,
        "BATCH_ITEM_SHAPE_FLATTEN": 5,
    },
    "BatchOutput.Kind": {
        "BATCH_SCATTER_WITH_INPUT_SHAPE": 0,
    },
    "ModelOptimizationPolicy.ModelPriority": {
        "PRIORITY_DEFAULT": 0,
        "PRIORITY_MAX": 1,
        "PRIORITY_MIN": 2,
    },
    "ModelQueuePolicy.TimeoutAction": {
        "REJECT": 0,
        "DELAY": 1,
    },
    "ModelSequenceBatching.Control.Kind": {
        "CONTROL_SEQUENCE_START": 0,
        "CONTROL_SEQUENCE_READY": 1,
        "CONTROL_SEQUENCE_END": 2,
        "CONTROL_SEQUENCE_CORRID": 3,
    },
}

# field or value -> the first release that has it
SINCE = {
    "ModelOptimizationPolicy.Cuda.busy_wait_events": "20.07",
    "ModelOperations.op_library_filename": "20.07",
    "ModelTransactionPolicy.decoupled": "20.07",
    "ModelConfig.backend": "20.07",
    "ModelConfig.model_operations": "20.07",
    "ModelConfig.model_transaction_policy": "20.07",
    "BatchInput.Kind.BATCH_ELEMENT_COUNT": "20.09",
    "BatchInput.Kind.BATCH_ACCUMULATED_ELEMENT_COUNT": "20.09",
    "BatchInput.Kind.BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO": "20.09",
    "BatchInput.Kind.BATCH_MAX_ELEMENT_COUNT_AS_SHAPE": "20.09",
    "BatchInput.kind": "20.09",
    "BatchInput.target_name": "20.09",
    "BatchInput.data_type": "20.09",
    "BatchInput.source_input": "20.09",
    "BatchOutput.Kind.BATCH_SCATTER_WITH_INPUT_SHAPE": "20.09",
    "BatchOutput.target_name": "20.09",
    "BatchOutput.kind": "20.09",
    "BatchOutput.source_input": "20.09",
    "ModelOptimizationPolicy.Cuda.GraphSpec.Shape.dim": "20.09",
    "ModelOptimizationPolicy.Cuda.GraphSpec.batch_size": "20.09",
    "ModelOptimizationPolicy.Cuda.GraphSpec.input": "20.09",
    "ModelOptimizationPolicy.Cuda.graph_spec": "20.09",
    "ModelConfig.batch_input": "20.09",
    "ModelConfig.batch_output": "20.09",
    "ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound.batch_size": "20.10",
    "ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound.input": "20.10",
    "ModelOptimizationPolicy.Cuda.GraphSpec.graph_lower_bound": "20.10",
    "ModelRateLimiter.Resource.name": "20.11",
    "ModelRateLimiter.Resource.global": "20.11",
    "ModelRateLimiter.Resource.count": "20.11",
    "ModelRateLimiter.resources": "20.11",
    "ModelRateLimiter.priority": "20.11",
    "ModelInstanceGroup.rate_limiter": "20.11",
    "ModelSequenceBatching.StrategyDirect.max_queue_delay_microseconds": "20.11",
    "ModelSequenceBatching.StrategyDirect.minimum_slot_utilization": "20.11",
    "ModelOptimizationPolicy.Cuda.output_copy_stream": "21.03",
    "ModelOptimizationPolicy.gather_kernel_buffer_threshold": "21.03",
    "ModelOptimizationPolicy.eager_batching": "21.03",
    "ModelRepositoryAgents.Agent.name": "21.03",
    "ModelRepositoryAgents.Agent.parameters": "21.03",
    "ModelRepositoryAgents.agents": "21.03",
    "ModelConfig.model_repository_agents": "21.03",
    "ModelInstanceGroup.SecondaryDevice.SecondaryDeviceKind.KIND_NVDLA": "21.06",
    "ModelInstanceGroup.SecondaryDevice.kind": "21.06",
    "ModelInstanceGroup.SecondaryDevice.device_id": "21.06",
    "ModelInstanceGroup.secondary_devices": "21.06",
    "ModelInstanceGroup.passive": "21.06",
    "ModelInstanceGroup.host_policy": "21.06",
    "ModelSequenceBatching.Control.bool_false_true": "21.09",
    "ModelResponseCache.enable": "21.10",
    "ModelConfig.response_cache": "21.10",
    "ModelSequenceBatching.State.input_name": "21.11",
    "ModelSequenceBatching.State.output_name": "21.11",
    "ModelSequenceBatching.State.data_type": "21.11",
    "ModelSequenceBatching.State.dims": "21.11",
    "ModelSequenceBatching.state": "21.11",
    "ModelInput.optional": "22.01",
    "ModelSequenceBatching.InitialState.data_type": "22.01",
    "ModelSequenceBatching.InitialState.dims": "22.01",
    "ModelSequenceBatching.InitialState.zero_data": "22.01",
    "ModelSequenceBatching.InitialState.data_file": "22.01",
    "ModelSequenceBatching.InitialState.name": "22.01",
    "ModelSequenceBatching.State.initial_state": "22.01",
    "BatchInput.Kind.BATCH_ITEM_SHAPE": "22.03",
    "BatchInput.Kind.BATCH_ITEM_SHAPE_FLATTEN": "22.03",
    "DataType.TYPE_BF16": "22.05",
    "ModelWarmup.count": "22.07",
    "ModelEnsembling.Step.model_namespace": "23.03",
    "ModelSequenceBatching.StrategyOldest.preserve_ordering": "23.08",
    "ModelSequenceBatching.State.use_same_buffer_for_input_output": "23.11",
    "ModelSequenceBatching.State.use_growable_memory": "23.11",
    "ModelSequenceBatching.iterative_sequence": "23.11",
    "ModelConfig.runtime": "24.01",
    "ModelInput.is_non_linear_format_io": "24.08",
    "ModelOutput.is_non_linear_format_io": "24.08",
    "ModelMetrics.MetricControl.MetricIdentifier.family": "24.11",
    "ModelMetrics.MetricControl.HistogramOptions.buckets": "24.11",
    "ModelMetrics.MetricControl.metric_identifier": "24.11",
    "ModelMetrics.MetricControl.histogram_options": "24.11",
    "ModelMetrics.metric_control": "24.11",
    "ModelConfig.model_metrics": "24.11",
    "ModelEnsembling.max_inflight_requests": "25.11",
}
