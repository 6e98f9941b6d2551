/* Who asks, as the stages after `device` see it. */
#ifndef PF_VALUE_DEVICE_H
#define PF_VALUE_DEVICE_H

#include <stdbool.h>

#include "base/addr.h"
#include "value/tags.h"

#define DEVICE_ID_MAX 80   /* bytes, NUL included */
#define DEVICE_NAME_MAX 64 /* bytes, NUL included */

/* What a lease says of a device. */
#define DEVICE_HOSTNAME_MAX 64 /* bytes of a host name, NUL included: one label */
#define DEVICE_CLIENT_MAX 64   /* bytes of a client identifier; of longer ones the first */

#define DEVICE_LABEL_MAX 64 /* bytes of a label of a host name (tls-id), NUL included */

/* A device at the moment of one query.
 *
 * The id is stable: "mac:64:bc:0c:80:7e:1f" for a device that the configuration names by its
 * MAC and for every unknown one whose MAC the kernel knows (so that naming a device later
 * keeps its history), "name:camera net" for one that is configured by addresses alone,
 * "ip:192.168.1.7" for an unknown one without a MAC, "client:tv-3" for one that only a trusted forwarder
 * has a word for. */
struct device {
	char id[DEVICE_ID_MAX];
	char name[DEVICE_NAME_MAX]; /* the configured name, or the id without its prefix */
	tag_set tags;               /* always holds TAG_ALL; TAG_UNKNOWN when not known */
	bool known;                 /* the configuration names it, or a person has given it a tag */
	bool has_mac;
	struct mac mac; /* when has_mac */
};

#endif
