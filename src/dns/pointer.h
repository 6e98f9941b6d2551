/* What a PTR answer says. */
#ifndef PF_DNS_POINTER_H
#define PF_DNS_POINTER_H

#include "dns/answer.h"

/* The first name that the answer's PTR records point to, behind its CNAMEs (RFC 2317 makes such); PF_ENOENT: there is none. */
PF_MUST_CHECK int answer_pointer(const struct answer *answer, struct dns_name *target);

#endif
