// The kernels for every other processor, eight bytes at a time.
#include "CWireKernels.h"

#define CWK_PORTABLE
#define KERNEL(name) name##_portable
#include "blocks.h"
#include "kernels.inc"
#include "strings.inc"
#include "records.inc"
#include "tape.inc"
#include "fields.inc"
#include "dispatch.inc"
