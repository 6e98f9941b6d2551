/* The words of dnssec.h. */
#include "value/dnssec.h"

const char *dnssec_word(int dnssec)
{
	static const char *const words[] = {"", "indeterminate", "bogus", "insecure", "secure"};
	return dnssec > DNSSEC_NONE && dnssec <= DNSSEC_SECURE ? words[dnssec] : "";
}
