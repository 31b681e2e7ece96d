// The layout of the device model. It is shared by processes that were built at different times, in containers too:
// whoever changes it raises MODEL_LAYOUT and then changes the numbers here.

#include <stddef.h>

#include "device_model.h"

#define SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " has a wrong size")
#define OFFSET(type, field, bytes) _Static_assert(offsetof(type, field) == (bytes), #type "." #field " is misplaced")

_Static_assert(MODEL_LAYOUT == 3, "the numbers below are those of layout 3");
SIZE(ModelPCI, 20);
SIZE(ModelNVLink, 24);
SIZE(ModelPath, 4);
SIZE(ModelSliceKind, 80);
SIZE(ModelProcess, 32);
SIZE(ModelPlace, 16);
SIZE(ModelEvent, 32);
SIZE(ModelMemoryLimit, 24);
SIZE(ModelFault, 32);
SIZE(ModelGPU, 2152);
OFFSET(ModelGPU, lost, 1808);
OFFSET(ModelGPU, energy, 1880);
OFFSET(ModelGPU, partition, 1896);
SIZE(ModelClient, 80);
SIZE(ModelServer, 32 + 48 * 80);
SIZE(DeviceModel, 53568 + 8 + 32 * (32 + 48 * 80));
OFFSET(DeviceModel, gpus, 1160);
OFFSET(DeviceModel, processes, 37664);
OFFSET(DeviceModel, places, 45856);
OFFSET(DeviceModel, newestNumber, 53568);
