/* Names as people write them into lists: letters of any script, digits, '-' and '_'. */
#ifndef PF_LISTS_ENTRY_NAME_H
#define PF_LISTS_ENTRY_NAME_H

#include "dns/name.h"
#include "lists/lists.h"

/* Reads `text` (no blanks in it), with or without the last dot; Unicode becomes A-labels (UTS 46).
 * Returns -1 and fills `name`, which is not the root, or returns the enum list_skip. */
int entry_name_read(const char *text, size_t length, struct dns_name *name);

/* A name that hosts files define for the machine itself: localhost, ip6-allnodes … */
bool entry_name_is_local(const char *text, size_t length);

/* Is it an address, with or without a zone or prefix length? */
bool entry_name_is_address(const char *text, size_t length, struct addr *addr);

/* The reason why a text that is no name is none. */
enum list_skip entry_name_blame(const char *text, size_t length);

#endif
