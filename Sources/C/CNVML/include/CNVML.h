/// The part of NVIDIA's management library (NVML) that Divvy calls.
///
/// Divvy binds `libnvidia-ml.so.1` at run time: nothing here is linked against. The header holds the binary
/// interface only: handles, return codes, structure layouts and the types of the functions that are looked up by
/// name with `dlsym`. A name that a driver does not export is a feature that this driver does not have.
///
/// Layouts were compared with the public NVML API 13 (sizes and offsets, x86-64) and are asserted in `layout.c`.
#ifndef DIVVY_CNVML_H
#define DIVVY_CNVML_H

#include "nvml_codes.h"
#include "nvml_structs.h"
#include "nvml_functions.h"

#endif
