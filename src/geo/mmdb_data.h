/* Private to geo/: proves that values of an mmdb's data section (or of its metadata) are well-formed, before libmaxminddb
 * sees them: version 1.7 follows nested values with the stack and pointers to pointers without end.
 *
 * The format is that of the MaxMind DB File Format Specification 2.0, "Output Data Section". Nothing is copied: the
 * bytes must stay where they are. */
#ifndef PF_GEO_MMDB_DATA_H
#define PF_GEO_MMDB_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Deepest nesting that is believed, pointers included. City files nest five deep. */
#define MMDB_DEPTH_MAX 32

struct mmdb_data {
	const uint8_t *bytes;
	size_t size;
	uint8_t *seen;   /* a bit for each offset that was checked; owned */
	uint64_t budget; /* values that may still be decoded */
};

/* PF_OK or PF_ENOMEM. */
PF_MUST_CHECK int mmdb_data_init(struct mmdb_data *data, const uint8_t *bytes, size_t size);
void mmdb_data_deinit(struct mmdb_data *data);

/* Was the value at `offset` checked before? If not, it is from now on. `offset` lies inside. */
bool mmdb_data_seen(struct mmdb_data *data, size_t offset);

/* Decodes the value at `offset` and all that it holds or points to. NULL, or what is wrong with it. */
const char *mmdb_data_check(struct mmdb_data *data, size_t offset);

/* Is there a map at `offset`? */
bool mmdb_data_is_map(const struct mmdb_data *data, size_t offset);

/* Does the map at `map`, which was checked, hold nothing but texts under `key`: an array of them, or a map? True also when there is
 * no such key, or it is something else altogether. */
bool mmdb_data_holds_texts(struct mmdb_data *data, size_t map, const char *key);

#endif
