"""Slurm's codes for why a job waits and how it ended, in sentences. An unknown code is shown as it is."""

from gan.jobs.engine import Outcome

WAITING = {
    "None": "Slurm has not considered it yet.",
    "Resources": "It is next, and waits for free resources.",
    "Priority": "Other jobs are before it.",
    "Dependency": "It waits for the end of other jobs.",
    "DependencyNeverSatisfied": "It waits for a job that failed, and never starts: cancel it.",
    "BeginTime": "It waits for its start time, as for a minute or two after it went back into the queue.",
    "JobHeldUser": "It is held by a user: `scontrol release` with its number lets it start.",
    "JobHeldAdmin": "An administrator holds it: ask them.",
    "launch failed requeued held": "Its start failed on the node, and Slurm holds it: ask the administrator.",
    "JobArrayTaskLimit": "As many jobs of its array run as may run at once.",
    "PartitionTimeLimit": "It asks for more time than its partition allows: lower GAN_SLURM_TIME.",
    "PartitionNodeLimit": "It asks for more nodes than its partition allows.",
    "PartitionConfig": "It asks for more than its partition allows: check GAN_SLURM_TIME and GAN_SLURM_PARTITION.",
    "PartitionDown": "Its partition is closed: ask the administrator.",
    "PartitionInactive": "Its partition is closed: ask the administrator.",
    "NodeDown": "The node that it needs is down.",
    "BadConstraints": "No node has what it asks for: check the GAN_SLURM_* settings.",
    "Licenses": "It waits for a licence.",
    "Reservation": "It waits for its reservation.",
    "ReqNodeNotAvail": "The nodes that it could use are down, drained or reserved.",
    "ReqNodeNotAvail, UnavailableNodes": "The nodes that it could use are down, drained or reserved.",
    "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions": "The nodes that it "
    "could use are down, drained or reserved.",
    "AssociationJobLimit": "Your account runs as many jobs as it may.",
    "AssocGrpGRES": "Your account uses as many GPUs as it may.",
    "AssocGrpCpuLimit": "Your account uses as many CPU cores as it may.",
    "InvalidAccount": "Its account is invalid: check GAN_SLURM_ACCOUNT.",
    "InvalidQOS": "Its quality of service is invalid: check GAN_SLURM_QOS.",
}
BY_PREFIX = (
    ("ReqNodeNotAvail", "The nodes that it could use are down, drained or reserved."),
    ("QOSMax", "A limit of its quality of service is reached, and it waits until other jobs have ended."),
    ("QOSGrp", "A limit of its quality of service is reached, and it waits until other jobs have ended."),
    ("QOS", "A limit of its quality of service keeps it waiting."),
    ("Assoc", "A limit of your account is reached, and it waits until other jobs have ended."),
    ("MaxGRES", "A limit of GPUs is reached, and it waits until other jobs have ended."),
)
WAITING_STATES = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD")
RUNNING_STATES = ("RUNNING", "SUSPENDED", "STOPPED", "STAGE_OUT", "SIGNALING", "RESIZING")
ENDING_STATES = ("COMPLETING",)
RESUME = "Resume goes on from its last snapshot."
ENDED: dict[str, tuple[str, Outcome]] = {
    "CANCELLED": ("It was cancelled from outside (scancel).", "stopped"),
    "COMPLETED": (f"It ended without a result. {RESUME}", "lost"),
    "FAILED": (f"It ended without a result. Its log has the reason. {RESUME}", "lost"),
    "TIMEOUT": (f"It reached its time limit before it had saved. {RESUME}", "lost"),
    "DEADLINE": (f"It reached its deadline. {RESUME}", "lost"),
    "OUT_OF_MEMORY": (f"It used more memory than it may: raise GAN_SLURM_MEMORY. {RESUME}", "lost"),
    "NODE_FAIL": (f"Its node failed. {RESUME}", "lost"),
    "BOOT_FAIL": (f"Its node did not start. {RESUME}", "lost"),
    "PREEMPTED": (f"Another job took its place. {RESUME}", "lost"),
    "REVOKED": (f"Slurm moved it to another cluster. {RESUME}", "lost"),
}
FORGOTTEN = f"Slurm no longer knows it: it ended without a result. {RESUME}"


def waiting_reason(code: str) -> str:
    """Why a job waits, from squeue's reason; "" where there is none."""
    code = code.strip("()")
    if code in WAITING:
        return WAITING[code]
    known = next((text for prefix, text in BY_PREFIX if code.startswith(prefix)), "")
    return f"{known} ({code})" if known else f"Slurm gives the reason {code}." if code else ""


def ended_reason(state: str) -> tuple[str, Outcome]:
    """How a job without a result ended, from squeue's state."""
    return ENDED.get(state, (f"Slurm ended it: {state}. {RESUME}", "lost"))
