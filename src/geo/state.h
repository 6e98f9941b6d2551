/* Private to geo/: what a struct geo is made of. */
#ifndef PF_GEO_STATE_H
#define PF_GEO_STATE_H

#include "geo/anycast.h"
#include "geo/control.h"
#include "geo/geo.h"
#include "geo/location.h"

#define SOURCES_MAX 32

/* Countries that count as home, a bit for each by its number. */
struct home {
	bool given; /* it names any */
	tag_set tag;
	uint64_t countries[(COUNTRY_UNKNOWN + 64) / 64];
};

/* Which file it was, so that the next load can tell whether it is still the same. */
struct geo_file {
	uint64_t device, inode, bytes;
	int64_t modified_ns, changed_ns;
};

/* A finding about the files, which stays true as long as they are the same. */
struct geo_finding {
	struct geo_finding *next;
	char *text;
};

struct geo {
	unsigned references; /* snapshots that use it; atomic */
	uint32_t epoch;
	size_t file_count;
	struct geo_file files[SOURCES_MAX]; /* in the order of the configuration */
	bool published;                     /* the list that comes with the program is in it */
	struct geo_finding *findings;
	int64_t max_age_us;
	size_t home_count; /* the first is that of devices without another one */
	struct home homes[GEO_HOME_MAX];
	size_t location_count;
	struct location *locations[GEO_SOURCE_MAX];
	uint8_t voices[GEO_SOURCE_MAX]; /* the first database of the same publisher */
	struct control *control;
	struct anycast *anycast;
	size_t source_count;
	struct geo_source
		sources[SOURCES_MAX]; /* the locations first, in their order; paths are owned */
};

#endif
