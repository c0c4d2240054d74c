# Made by scripts/make_schema.py out of model_config.binpb; do not edit.  # ruff: noqa: E501
"""The messages of a model configuration as types, for a type checker alone: each is a Message."""

# A message of a known type takes the names of its own fields only, and gives a dict of known keys.
# mypy: disable-error-code="override"
from typing import Literal, TypeAlias, TypedDict

from triton_kit.repository.message import Message

DataType: TypeAlias = Literal["TYPE_INVALID", "TYPE_BOOL", "TYPE_UINT8", "TYPE_UINT16", "TYPE_UINT32", "TYPE_UINT64", "TYPE_INT8", "TYPE_INT16", "TYPE_INT32", "TYPE_INT64", "TYPE_FP16", "TYPE_FP32", "TYPE_FP64", "TYPE_STRING", "TYPE_BF16"] | int


class ModelRateLimiter(Message):
    class Resource(Message):
        Dict = TypedDict("Dict", {"name": "str", "global": "bool", "count": "int"}, total=False)

        name: str
        count: int
        def has(self, name: Literal["name", "global", "count"]) -> bool: ...
        def to_dict(self) -> ModelRateLimiter.Resource.Dict: ...

    class Dict(TypedDict, total=False):
        resources: list[ModelRateLimiter.Resource.Dict]
        priority: int

    resources: list[ModelRateLimiter.Resource]
    priority: int
    def has(self, name: Literal["resources", "priority"]) -> bool: ...
    def to_dict(self) -> ModelRateLimiter.Dict: ...


class ModelInstanceGroup(Message):
    Kind: TypeAlias = Literal["KIND_AUTO", "KIND_GPU", "KIND_CPU", "KIND_MODEL"] | int

    class SecondaryDevice(Message):
        SecondaryDeviceKind: TypeAlias = Literal["KIND_NVDLA"] | int

        class Dict(TypedDict, total=False):
            kind: str | int
            device_id: int

        kind: ModelInstanceGroup.SecondaryDevice.SecondaryDeviceKind
        device_id: int
        def has(self, name: Literal["kind", "device_id"]) -> bool: ...
        def to_dict(self) -> ModelInstanceGroup.SecondaryDevice.Dict: ...

    class Dict(TypedDict, total=False):
        name: str
        kind: str | int
        count: int
        rate_limiter: ModelRateLimiter.Dict
        gpus: list[int]
        secondary_devices: list[ModelInstanceGroup.SecondaryDevice.Dict]
        profile: list[str]
        passive: bool
        host_policy: str

    name: str
    kind: ModelInstanceGroup.Kind
    count: int
    rate_limiter: ModelRateLimiter
    gpus: list[int]
    secondary_devices: list[ModelInstanceGroup.SecondaryDevice]
    profile: list[str]
    passive: bool
    host_policy: str
    def has(self, name: Literal["name", "kind", "count", "rate_limiter", "gpus", "secondary_devices", "profile", "passive", "host_policy"]) -> bool: ...
    def to_dict(self) -> ModelInstanceGroup.Dict: ...


class ModelTensorReshape(Message):
    class Dict(TypedDict, total=False):
        shape: list[int]

    shape: list[int]
    def has(self, name: Literal["shape"]) -> bool: ...
    def to_dict(self) -> ModelTensorReshape.Dict: ...


class ModelInput(Message):
    Format: TypeAlias = Literal["FORMAT_NONE", "FORMAT_NHWC", "FORMAT_NCHW"] | int

    class Dict(TypedDict, total=False):
        name: str
        data_type: str | int
        format: str | int
        dims: list[int]
        reshape: ModelTensorReshape.Dict
        is_shape_tensor: bool
        allow_ragged_batch: bool
        optional: bool
        is_non_linear_format_io: bool

    name: str
    data_type: DataType
    format: ModelInput.Format
    dims: list[int]
    reshape: ModelTensorReshape
    is_shape_tensor: bool
    allow_ragged_batch: bool
    optional: bool
    is_non_linear_format_io: bool
    def has(self, name: Literal["name", "data_type", "format", "dims", "reshape", "is_shape_tensor", "allow_ragged_batch", "optional", "is_non_linear_format_io"]) -> bool: ...
    def to_dict(self) -> ModelInput.Dict: ...


class ModelOutput(Message):
    class Dict(TypedDict, total=False):
        name: str
        data_type: str | int
        dims: list[int]
        reshape: ModelTensorReshape.Dict
        label_filename: str
        is_shape_tensor: bool
        is_non_linear_format_io: bool

    name: str
    data_type: DataType
    dims: list[int]
    reshape: ModelTensorReshape
    label_filename: str
    is_shape_tensor: bool
    is_non_linear_format_io: bool
    def has(self, name: Literal["name", "data_type", "dims", "reshape", "label_filename", "is_shape_tensor", "is_non_linear_format_io"]) -> bool: ...
    def to_dict(self) -> ModelOutput.Dict: ...


class BatchInput(Message):
    Kind: TypeAlias = Literal["BATCH_ELEMENT_COUNT", "BATCH_ACCUMULATED_ELEMENT_COUNT", "BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO", "BATCH_MAX_ELEMENT_COUNT_AS_SHAPE", "BATCH_ITEM_SHAPE", "BATCH_ITEM_SHAPE_FLATTEN"] | int

    class Dict(TypedDict, total=False):
        kind: str | int
        target_name: list[str]
        data_type: str | int
        source_input: list[str]

    kind: BatchInput.Kind
    target_name: list[str]
    data_type: DataType
    source_input: list[str]
    def has(self, name: Literal["kind", "target_name", "data_type", "source_input"]) -> bool: ...
    def to_dict(self) -> BatchInput.Dict: ...


class BatchOutput(Message):
    Kind: TypeAlias = Literal["BATCH_SCATTER_WITH_INPUT_SHAPE"] | int

    class Dict(TypedDict, total=False):
        target_name: list[str]
        kind: str | int
        source_input: list[str]

    target_name: list[str]
    kind: BatchOutput.Kind
    source_input: list[str]
    def has(self, name: Literal["target_name", "kind", "source_input"]) -> bool: ...
    def to_dict(self) -> BatchOutput.Dict: ...


class ModelVersionPolicy(Message):
    class Latest(Message):
        class Dict(TypedDict, total=False):
            num_versions: int

        num_versions: int
        def has(self, name: Literal["num_versions"]) -> bool: ...
        def to_dict(self) -> ModelVersionPolicy.Latest.Dict: ...

    class All(Message):
        class Dict(TypedDict, total=False):
            pass

        def to_dict(self) -> ModelVersionPolicy.All.Dict: ...

    class Specific(Message):
        class Dict(TypedDict, total=False):
            versions: list[int]

        versions: list[int]
        def has(self, name: Literal["versions"]) -> bool: ...
        def to_dict(self) -> ModelVersionPolicy.Specific.Dict: ...

    class Dict(TypedDict, total=False):
        latest: ModelVersionPolicy.Latest.Dict
        all: ModelVersionPolicy.All.Dict
        specific: ModelVersionPolicy.Specific.Dict

    latest: ModelVersionPolicy.Latest
    all: ModelVersionPolicy.All
    specific: ModelVersionPolicy.Specific
    def has(self, name: Literal["latest", "all", "specific"]) -> bool: ...
    def to_dict(self) -> ModelVersionPolicy.Dict: ...


class ModelOptimizationPolicy(Message):
    ModelPriority: TypeAlias = Literal["PRIORITY_DEFAULT", "PRIORITY_MAX", "PRIORITY_MIN"] | int

    class Graph(Message):
        class Dict(TypedDict, total=False):
            level: int

        level: int
        def has(self, name: Literal["level"]) -> bool: ...
        def to_dict(self) -> ModelOptimizationPolicy.Graph.Dict: ...

    class Cuda(Message):
        class GraphSpec(Message):
            class Shape(Message):
                class Dict(TypedDict, total=False):
                    dim: list[int]

                dim: list[int]
                def has(self, name: Literal["dim"]) -> bool: ...
                def to_dict(self) -> ModelOptimizationPolicy.Cuda.GraphSpec.Shape.Dict: ...

            class LowerBound(Message):
                class Dict(TypedDict, total=False):
                    batch_size: int
                    input: dict[str, ModelOptimizationPolicy.Cuda.GraphSpec.Shape.Dict]

                batch_size: int
                input: dict[str, ModelOptimizationPolicy.Cuda.GraphSpec.Shape]
                def has(self, name: Literal["batch_size", "input"]) -> bool: ...
                def to_dict(self) -> ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound.Dict: ...

            class Dict(TypedDict, total=False):
                batch_size: int
                input: dict[str, ModelOptimizationPolicy.Cuda.GraphSpec.Shape.Dict]
                graph_lower_bound: ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound.Dict

            batch_size: int
            input: dict[str, ModelOptimizationPolicy.Cuda.GraphSpec.Shape]
            graph_lower_bound: ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound
            def has(self, name: Literal["batch_size", "input", "graph_lower_bound"]) -> bool: ...
            def to_dict(self) -> ModelOptimizationPolicy.Cuda.GraphSpec.Dict: ...

        class Dict(TypedDict, total=False):
            graphs: bool
            busy_wait_events: bool
            graph_spec: list[ModelOptimizationPolicy.Cuda.GraphSpec.Dict]
            output_copy_stream: bool

        graphs: bool
        busy_wait_events: bool
        graph_spec: list[ModelOptimizationPolicy.Cuda.GraphSpec]
        output_copy_stream: bool
        def has(self, name: Literal["graphs", "busy_wait_events", "graph_spec", "output_copy_stream"]) -> bool: ...
        def to_dict(self) -> ModelOptimizationPolicy.Cuda.Dict: ...

    class ExecutionAccelerators(Message):
        class Accelerator(Message):
            class Dict(TypedDict, total=False):
                name: str
                parameters: dict[str, str]

            name: str
            parameters: dict[str, str]
            def has(self, name: Literal["name", "parameters"]) -> bool: ...
            def to_dict(self) -> ModelOptimizationPolicy.ExecutionAccelerators.Accelerator.Dict: ...

        class Dict(TypedDict, total=False):
            gpu_execution_accelerator: list[ModelOptimizationPolicy.ExecutionAccelerators.Accelerator.Dict]
            cpu_execution_accelerator: list[ModelOptimizationPolicy.ExecutionAccelerators.Accelerator.Dict]

        gpu_execution_accelerator: list[ModelOptimizationPolicy.ExecutionAccelerators.Accelerator]
        cpu_execution_accelerator: list[ModelOptimizationPolicy.ExecutionAccelerators.Accelerator]
        def has(self, name: Literal["gpu_execution_accelerator", "cpu_execution_accelerator"]) -> bool: ...
        def to_dict(self) -> ModelOptimizationPolicy.ExecutionAccelerators.Dict: ...

    class PinnedMemoryBuffer(Message):
        class Dict(TypedDict, total=False):
            enable: bool

        enable: bool
        def has(self, name: Literal["enable"]) -> bool: ...
        def to_dict(self) -> ModelOptimizationPolicy.PinnedMemoryBuffer.Dict: ...

    class Dict(TypedDict, total=False):
        graph: ModelOptimizationPolicy.Graph.Dict
        priority: str | int
        cuda: ModelOptimizationPolicy.Cuda.Dict
        execution_accelerators: ModelOptimizationPolicy.ExecutionAccelerators.Dict
        input_pinned_memory: ModelOptimizationPolicy.PinnedMemoryBuffer.Dict
        output_pinned_memory: ModelOptimizationPolicy.PinnedMemoryBuffer.Dict
        gather_kernel_buffer_threshold: int
        eager_batching: bool

    graph: ModelOptimizationPolicy.Graph
    priority: ModelOptimizationPolicy.ModelPriority
    cuda: ModelOptimizationPolicy.Cuda
    execution_accelerators: ModelOptimizationPolicy.ExecutionAccelerators
    input_pinned_memory: ModelOptimizationPolicy.PinnedMemoryBuffer
    output_pinned_memory: ModelOptimizationPolicy.PinnedMemoryBuffer
    gather_kernel_buffer_threshold: int
    eager_batching: bool
    def has(self, name: Literal["graph", "priority", "cuda", "execution_accelerators", "input_pinned_memory", "output_pinned_memory", "gather_kernel_buffer_threshold", "eager_batching"]) -> bool: ...
    def to_dict(self) -> ModelOptimizationPolicy.Dict: ...


class ModelQueuePolicy(Message):
    TimeoutAction: TypeAlias = Literal["REJECT", "DELAY"] | int

    class Dict(TypedDict, total=False):
        timeout_action: str | int
        default_timeout_microseconds: int
        allow_timeout_override: bool
        max_queue_size: int

    timeout_action: ModelQueuePolicy.TimeoutAction
    default_timeout_microseconds: int
    allow_timeout_override: bool
    max_queue_size: int
    def has(self, name: Literal["timeout_action", "default_timeout_microseconds", "allow_timeout_override", "max_queue_size"]) -> bool: ...
    def to_dict(self) -> ModelQueuePolicy.Dict: ...


class ModelDynamicBatching(Message):
    class Dict(TypedDict, total=False):
        preferred_batch_size: list[int]
        max_queue_delay_microseconds: int
        preserve_ordering: bool
        priority_levels: int
        default_priority_level: int
        default_queue_policy: ModelQueuePolicy.Dict
        priority_queue_policy: dict[int, ModelQueuePolicy.Dict]

    preferred_batch_size: list[int]
    max_queue_delay_microseconds: int
    preserve_ordering: bool
    priority_levels: int
    default_priority_level: int
    default_queue_policy: ModelQueuePolicy
    priority_queue_policy: dict[int, ModelQueuePolicy]
    def has(self, name: Literal["preferred_batch_size", "max_queue_delay_microseconds", "preserve_ordering", "priority_levels", "default_priority_level", "default_queue_policy", "priority_queue_policy"]) -> bool: ...
    def to_dict(self) -> ModelDynamicBatching.Dict: ...


class ModelSequenceBatching(Message):
    class Control(Message):
        Kind: TypeAlias = Literal["CONTROL_SEQUENCE_START", "CONTROL_SEQUENCE_READY", "CONTROL_SEQUENCE_END", "CONTROL_SEQUENCE_CORRID"] | int

        class Dict(TypedDict, total=False):
            kind: str | int
            int32_false_true: list[int]
            fp32_false_true: list[float]
            bool_false_true: list[bool]
            data_type: str | int

        kind: ModelSequenceBatching.Control.Kind
        int32_false_true: list[int]
        fp32_false_true: list[float]
        bool_false_true: list[bool]
        data_type: DataType
        def has(self, name: Literal["kind", "int32_false_true", "fp32_false_true", "bool_false_true", "data_type"]) -> bool: ...
        def to_dict(self) -> ModelSequenceBatching.Control.Dict: ...

    class ControlInput(Message):
        class Dict(TypedDict, total=False):
            name: str
            control: list[ModelSequenceBatching.Control.Dict]

        name: str
        control: list[ModelSequenceBatching.Control]
        def has(self, name: Literal["name", "control"]) -> bool: ...
        def to_dict(self) -> ModelSequenceBatching.ControlInput.Dict: ...

    class InitialState(Message):
        class Dict(TypedDict, total=False):
            data_type: str | int
            dims: list[int]
            zero_data: bool
            data_file: str
            name: str

        data_type: DataType
        dims: list[int]
        zero_data: bool
        data_file: str
        name: str
        def has(self, name: Literal["data_type", "dims", "zero_data", "data_file", "name"]) -> bool: ...
        def to_dict(self) -> ModelSequenceBatching.InitialState.Dict: ...

    class State(Message):
        class Dict(TypedDict, total=False):
            input_name: str
            output_name: str
            data_type: str | int
            dims: list[int]
            initial_state: list[ModelSequenceBatching.InitialState.Dict]
            use_same_buffer_for_input_output: bool
            use_growable_memory: bool

        input_name: str
        output_name: str
        data_type: DataType
        dims: list[int]
        initial_state: list[ModelSequenceBatching.InitialState]
        use_same_buffer_for_input_output: bool
        use_growable_memory: bool
        def has(self, name: Literal["input_name", "output_name", "data_type", "dims", "initial_state", "use_same_buffer_for_input_output", "use_growable_memory"]) -> bool: ...
        def to_dict(self) -> ModelSequenceBatching.State.Dict: ...

    class StrategyDirect(Message):
        class Dict(TypedDict, total=False):
            max_queue_delay_microseconds: int
            minimum_slot_utilization: float

        max_queue_delay_microseconds: int
        minimum_slot_utilization: float
        def has(self, name: Literal["max_queue_delay_microseconds", "minimum_slot_utilization"]) -> bool: ...
        def to_dict(self) -> ModelSequenceBatching.StrategyDirect.Dict: ...

    class StrategyOldest(Message):
        class Dict(TypedDict, total=False):
            max_candidate_sequences: int
            preferred_batch_size: list[int]
            max_queue_delay_microseconds: int
            preserve_ordering: bool

        max_candidate_sequences: int
        preferred_batch_size: list[int]
        max_queue_delay_microseconds: int
        preserve_ordering: bool
        def has(self, name: Literal["max_candidate_sequences", "preferred_batch_size", "max_queue_delay_microseconds", "preserve_ordering"]) -> bool: ...
        def to_dict(self) -> ModelSequenceBatching.StrategyOldest.Dict: ...

    class Dict(TypedDict, total=False):
        direct: ModelSequenceBatching.StrategyDirect.Dict
        oldest: ModelSequenceBatching.StrategyOldest.Dict
        max_sequence_idle_microseconds: int
        control_input: list[ModelSequenceBatching.ControlInput.Dict]
        state: list[ModelSequenceBatching.State.Dict]
        iterative_sequence: bool

    direct: ModelSequenceBatching.StrategyDirect
    oldest: ModelSequenceBatching.StrategyOldest
    max_sequence_idle_microseconds: int
    control_input: list[ModelSequenceBatching.ControlInput]
    state: list[ModelSequenceBatching.State]
    iterative_sequence: bool
    def has(self, name: Literal["direct", "oldest", "max_sequence_idle_microseconds", "control_input", "state", "iterative_sequence"]) -> bool: ...
    def to_dict(self) -> ModelSequenceBatching.Dict: ...


class ModelEnsembling(Message):
    class Step(Message):
        class Dict(TypedDict, total=False):
            model_name: str
            model_version: int
            input_map: dict[str, str]
            output_map: dict[str, str]
            model_namespace: str

        model_name: str
        model_version: int
        input_map: dict[str, str]
        output_map: dict[str, str]
        model_namespace: str
        def has(self, name: Literal["model_name", "model_version", "input_map", "output_map", "model_namespace"]) -> bool: ...
        def to_dict(self) -> ModelEnsembling.Step.Dict: ...

    class Dict(TypedDict, total=False):
        step: list[ModelEnsembling.Step.Dict]
        max_inflight_requests: int

    step: list[ModelEnsembling.Step]
    max_inflight_requests: int
    def has(self, name: Literal["step", "max_inflight_requests"]) -> bool: ...
    def to_dict(self) -> ModelEnsembling.Dict: ...


class ModelParameter(Message):
    class Dict(TypedDict, total=False):
        string_value: str

    string_value: str
    def has(self, name: Literal["string_value"]) -> bool: ...
    def to_dict(self) -> ModelParameter.Dict: ...


class ModelWarmup(Message):
    class Input(Message):
        class Dict(TypedDict, total=False):
            data_type: str | int
            dims: list[int]
            zero_data: bool
            random_data: bool
            input_data_file: str

        data_type: DataType
        dims: list[int]
        zero_data: bool
        random_data: bool
        input_data_file: str
        def has(self, name: Literal["data_type", "dims", "zero_data", "random_data", "input_data_file"]) -> bool: ...
        def to_dict(self) -> ModelWarmup.Input.Dict: ...

    class Dict(TypedDict, total=False):
        name: str
        batch_size: int
        inputs: dict[str, ModelWarmup.Input.Dict]
        count: int

    name: str
    batch_size: int
    inputs: dict[str, ModelWarmup.Input]
    count: int
    def has(self, name: Literal["name", "batch_size", "inputs", "count"]) -> bool: ...
    def to_dict(self) -> ModelWarmup.Dict: ...


class ModelOperations(Message):
    class Dict(TypedDict, total=False):
        op_library_filename: list[str]

    op_library_filename: list[str]
    def has(self, name: Literal["op_library_filename"]) -> bool: ...
    def to_dict(self) -> ModelOperations.Dict: ...


class ModelTransactionPolicy(Message):
    class Dict(TypedDict, total=False):
        decoupled: bool

    decoupled: bool
    def has(self, name: Literal["decoupled"]) -> bool: ...
    def to_dict(self) -> ModelTransactionPolicy.Dict: ...


class ModelRepositoryAgents(Message):
    class Agent(Message):
        class Dict(TypedDict, total=False):
            name: str
            parameters: dict[str, str]

        name: str
        parameters: dict[str, str]
        def has(self, name: Literal["name", "parameters"]) -> bool: ...
        def to_dict(self) -> ModelRepositoryAgents.Agent.Dict: ...

    class Dict(TypedDict, total=False):
        agents: list[ModelRepositoryAgents.Agent.Dict]

    agents: list[ModelRepositoryAgents.Agent]
    def has(self, name: Literal["agents"]) -> bool: ...
    def to_dict(self) -> ModelRepositoryAgents.Dict: ...


class ModelResponseCache(Message):
    class Dict(TypedDict, total=False):
        enable: bool

    enable: bool
    def has(self, name: Literal["enable"]) -> bool: ...
    def to_dict(self) -> ModelResponseCache.Dict: ...


class ModelMetrics(Message):
    class MetricControl(Message):
        class MetricIdentifier(Message):
            class Dict(TypedDict, total=False):
                family: str

            family: str
            def has(self, name: Literal["family"]) -> bool: ...
            def to_dict(self) -> ModelMetrics.MetricControl.MetricIdentifier.Dict: ...

        class HistogramOptions(Message):
            class Dict(TypedDict, total=False):
                buckets: list[float]

            buckets: list[float]
            def has(self, name: Literal["buckets"]) -> bool: ...
            def to_dict(self) -> ModelMetrics.MetricControl.HistogramOptions.Dict: ...

        class Dict(TypedDict, total=False):
            metric_identifier: ModelMetrics.MetricControl.MetricIdentifier.Dict
            histogram_options: ModelMetrics.MetricControl.HistogramOptions.Dict

        metric_identifier: ModelMetrics.MetricControl.MetricIdentifier
        histogram_options: ModelMetrics.MetricControl.HistogramOptions
        def has(self, name: Literal["metric_identifier", "histogram_options"]) -> bool: ...
        def to_dict(self) -> ModelMetrics.MetricControl.Dict: ...

    class Dict(TypedDict, total=False):
        metric_control: list[ModelMetrics.MetricControl.Dict]

    metric_control: list[ModelMetrics.MetricControl]
    def has(self, name: Literal["metric_control"]) -> bool: ...
    def to_dict(self) -> ModelMetrics.Dict: ...


class ModelConfig(Message):
    class Dict(TypedDict, total=False):
        name: str
        platform: str
        backend: str
        runtime: str
        version_policy: ModelVersionPolicy.Dict
        max_batch_size: int
        input: list[ModelInput.Dict]
        output: list[ModelOutput.Dict]
        batch_input: list[BatchInput.Dict]
        batch_output: list[BatchOutput.Dict]
        optimization: ModelOptimizationPolicy.Dict
        dynamic_batching: ModelDynamicBatching.Dict
        sequence_batching: ModelSequenceBatching.Dict
        ensemble_scheduling: ModelEnsembling.Dict
        instance_group: list[ModelInstanceGroup.Dict]
        default_model_filename: str
        cc_model_filenames: dict[str, str]
        metric_tags: dict[str, str]
        parameters: dict[str, ModelParameter.Dict]
        model_warmup: list[ModelWarmup.Dict]
        model_operations: ModelOperations.Dict
        model_transaction_policy: ModelTransactionPolicy.Dict
        model_repository_agents: ModelRepositoryAgents.Dict
        response_cache: ModelResponseCache.Dict
        model_metrics: ModelMetrics.Dict

    name: str
    platform: str
    backend: str
    runtime: str
    version_policy: ModelVersionPolicy
    max_batch_size: int
    input: list[ModelInput]
    output: list[ModelOutput]
    batch_input: list[BatchInput]
    batch_output: list[BatchOutput]
    optimization: ModelOptimizationPolicy
    dynamic_batching: ModelDynamicBatching
    sequence_batching: ModelSequenceBatching
    ensemble_scheduling: ModelEnsembling
    instance_group: list[ModelInstanceGroup]
    default_model_filename: str
    cc_model_filenames: dict[str, str]
    metric_tags: dict[str, str]
    parameters: dict[str, ModelParameter]
    model_warmup: list[ModelWarmup]
    model_operations: ModelOperations
    model_transaction_policy: ModelTransactionPolicy
    model_repository_agents: ModelRepositoryAgents
    response_cache: ModelResponseCache
    model_metrics: ModelMetrics
    def has(self, name: Literal["name", "platform", "backend", "runtime", "version_policy", "max_batch_size", "input", "output", "batch_input", "batch_output", "optimization", "dynamic_batching", "sequence_batching", "ensemble_scheduling", "instance_group", "default_model_filename", "cc_model_filenames", "metric_tags", "parameters", "model_warmup", "model_operations", "model_transaction_policy", "model_repository_agents", "response_cache", "model_metrics"]) -> bool: ...
    def to_dict(self) -> ModelConfig.Dict: ...
