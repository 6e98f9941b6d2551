/* Private to geo/: one range of addresses and who announces it, as the readers of AS tables hand it over. */
#ifndef PF_GEO_RANGE_H
#define PF_GEO_RANGE_H

#include "base/addr.h"

struct as_range {
	struct addr start, end;   /* of one family, start not behind end */
	uint32_t asn;             /* not 0 */
	const char *organisation; /* as the file has it, any bytes; valid during the call only */
	size_t organisation_length;
};

/* Takes one range; what it returns other than PF_OK ends the reading. */
struct as_range_taker {
	int (*take)(void *data, const struct as_range *range);
	void *data;
};

#endif
