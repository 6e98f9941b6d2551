/* The journal as JSON lines (https://jsonlines.org) in a file: for those who collect logs. One object for each query, with the
 * columns of v_queries and the device's id; what is not known is null. Rotated by size: PATH, PATH.1, … the oldest goes. */
#ifndef PF_JOURNAL_JSONL_H
#define PF_JOURNAL_JSONL_H

#include <stdint.h>

#include "journal/sink.h"

#define JSONL_FILES_MAX 100

/* Appends to the file, which is made with mode 0640. `bytes_max` of one file, 0: never rotated; `files` in all, from 1. A batch is
 * in the file whole or not at all; one that was committed when the daemon was killed may come once more. NULL with a
 * sentence in `error`. */
struct sink *jsonl_sink_open(const char *path, uint64_t bytes_max, unsigned files, char *error,
                             size_t error_size);

#endif
