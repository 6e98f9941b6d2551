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

struct geo {
	uint32_t epoch;
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
