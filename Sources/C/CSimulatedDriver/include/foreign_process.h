/// Processes of other PID namespaces: in containers, where the simulated CUDA driver runs and does not know its pid in
/// the machine's namespace.
///
/// Such a process is listed with a number that no pid has: its slot in the driver's part of the shared file, which it
/// owns by a lock on one byte of the file for as long as it lives. What the slot says of it finds it in `/proc`.
#ifndef DIVVY_FOREIGN_PROCESS_H
#define DIVVY_FOREIGN_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "device_model.h"

static inline bool pid_is_foreign(uint32_t pid) { return pid >> 31 != 0; }

/// Whether the process that is listed so lives. `file` is an opening of the shared file that holds none of its locks.
bool foreign_process_lives(int file, uint32_t foreign);

/// The pid in the caller's namespace of the process that is listed so; 0 where it cannot be seen from here. What was
/// found once is remembered.
uint32_t foreign_process_pid(int file, uint32_t foreign);

/// Whether the process of an entry lives, wherever it is.
bool listed_process_lives(int file, const ModelProcess *process);

#endif
