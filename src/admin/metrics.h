/* Private to admin/: figures of the daemon for Prometheus, in its text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). */
#ifndef PF_ADMIN_METRICS_H
#define PF_ADMIN_METRICS_H

#include <jansson.h>

#include "base/buffer.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define METRICS_BYTES_MAX \
	(4u << 20) /* some 20,000 lines: 500 rules and as many lists are a tenth of it */

/* Appends all that `status`, `lists` and `rules` of struct admin_ops hold. What is not there is left out. Names are
 * strangers' text, and escaped. */
void metrics_write(struct buffer *out, const json_t *status, const json_t *lists,
                   const json_t *rules);

#endif
