/* Fuzzes the reader of time zones: any bytes as a file of the tz database. What is taken says some minute of the week at every
 * moment, and the same one again. */
#include <stdlib.h>

#include "base/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t moments[] = {INT64_MIN / 2, -1,         0,          951782400,
	                                  1774746000,    1793494800, 4102444800, INT64_MAX / 2};
	struct zone *zone;
	if (zone_parse(data, size, &zone) != PF_OK)
		return 0;
	for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
		unsigned minute = zone_week_minute(zone, moments[i]);
		if (minute >= WEEK_MINUTES || minute != zone_week_minute(zone, moments[i]))
			abort();
	}
	zone_free(&zone);
	return 0;
}
