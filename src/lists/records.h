/* Private to lists/: the records of replies (dns/reply.h), and one reply out of those of several lines. */
#ifndef PF_LISTS_RECORDS_H
#define PF_LISTS_RECORDS_H

#include "lists/lists.h"

/* Does it answer such a question? A CNAME answers every type. */
bool records_fit(const struct rule_reply *reply, uint16_t type);

/* Adds those of the asked type that it has not. `merged` begins as a copy of the first (records_begin). Nothing is added when one
 * of the two is a CNAME, which stands alone; what goes over REPLY_RECORDS_MAX is left out. */
void records_begin(struct list_reply *merged, const struct rule_reply *first);
void records_add(struct list_reply *merged, const struct rule_reply *more, uint16_t type);

#endif
