/* Two ids are one device, or one id is two: what comes to light after queries were journalled. The book of devices finds it
 * out, the journal gives history to whom it belongs. */
#ifndef PF_VALUE_CHANGE_H
#define PF_VALUE_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "value/device.h"

#define CHANGE_WHY_MAX 96

enum device_change_kind {
	DEVICE_MERGED, /* what `from` did is what `into` did, if it began at `since` or later */
	DEVICE_SPLIT,  /* `into` was thought to be `from` until now; what was written stays as it is */
};

struct device_change {
	enum device_change_kind kind;
	int64_t since_wall_us, wall_us; /* when `from` came; when that was found out */
	char from[DEVICE_ID_MAX], into[DEVICE_ID_MAX];
	char into_name[DEVICE_NAME_MAX];
	bool only_known;          /* nothing is written when `from` is in no record */
	char why[CHANGE_WHY_MAX]; /* half a sentence: "its DHCP client identifier is the same" */
};

#endif
