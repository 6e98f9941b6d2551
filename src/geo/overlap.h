/* Private to geo/: makes ranges disjoint that overlap. Published tables do not; merged and hand-made ones do. */
#ifndef PF_GEO_OVERLAP_H
#define PF_GEO_OVERLAP_H

#include <stddef.h>

#include "base/error.h"

struct range4;
struct range6;

/* The ranges come sorted by their start; where several hold an address, the last of them in this order gets it. The array is
 * replaced by another one. PF_ENOMEM: it is as before. */
PF_MUST_CHECK int overlap_resolve4(struct range4 **ranges, size_t *count, size_t *room);
PF_MUST_CHECK int overlap_resolve6(struct range6 **ranges, size_t *count, size_t *room);

#endif
