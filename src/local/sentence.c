/* Why a name is answered here, in words. */
#include <stdio.h>

#include "local/local.h"

size_t local_sentence(char out[LOCAL_SENTENCE_MAX], const struct local_hit *hit,
                      const struct dns_name *name)
{
	char text[NAME_TEXT_MAX], other[NAME_TEXT_MAX] = "";
	int length = 0;
	dns_name_to_text(name, text);
	if (hit->target || hit->zone)
		dns_name_to_text(hit->target ? hit->target : hit->zone, other);
	switch (hit->kind) {
	case LOCAL_ELSEWHERE: out[0] = '\0'; break;
	case LOCAL_ANSWER:
		length = snprintf(out, LOCAL_SENTENCE_MAX,
		                  "answered by the owner's hosts: %.255s stands in %.200s, line %u", text,
		                  hit->file, hit->line);
		break;
	case LOCAL_ALIAS:
		length = snprintf(out, LOCAL_SENTENCE_MAX,
		                  "answered by the owner's hosts: %.200s is %.200s by %.200s, line %u",
		                  text, other, hit->file, hit->line);
		break;
	case LOCAL_NODATA:
		length =
			snprintf(out, LOCAL_SENTENCE_MAX,
		             "answered by the owner's hosts: %.255s stands in %.200s, line %u, without a "
		             "record of this type",
		             text, hit->file, hit->line);
		break;
	case LOCAL_DISCOVERY:
		length =
			snprintf(out, LOCAL_SENTENCE_MAX,
		             "answered here: %.255s names the encrypted ways to this resolver (RFC 9462)",
		             text);
		break;
	case LOCAL_HATCH:
		length = snprintf(out, LOCAL_SENTENCE_MAX, "sinkholed as an escape hatch: %.255s; %s", text,
		                  hit->why);
		break;
	case LOCAL_ZONE:
		length = snprintf(out, LOCAL_SENTENCE_MAX,
		                  "answered here: %.255s is in %.100s, which is not asked outside (%s)",
		                  text, other, hit->why);
		break;
	case LOCAL_LOOPBACK:
		length = snprintf(out, LOCAL_SENTENCE_MAX,
		                  "answered here: %.255s is the asking machine itself (RFC 6761)", text);
		break;
	}
	return length > 0 ? (size_t)length : 0;
}
