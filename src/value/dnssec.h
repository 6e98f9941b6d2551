/* What is known of an answer's signatures (RFC 4035, 4.3). Only what was validated in this house counts: the AD bit of an upstream that nobody
 * has checked is a word among others. In the order of what an answer is worth as evidence. */
#ifndef PF_VALUE_DNSSEC_H
#define PF_VALUE_DNSSEC_H

enum dnssec {
	DNSSEC_NONE,          /* nobody has validated it */
	DNSSEC_INDETERMINATE, /* the client has asked not to check (CD), and nothing is proven */
	DNSSEC_BOGUS,         /* it ought to be signed, and is not rightly */
	DNSSEC_INSECURE,      /* proven: nobody signs it */
	DNSSEC_SECURE,
};

/* "", "indeterminate", "bogus", "insecure", "secure"; "" for any other number. */
const char *dnssec_word(int dnssec);

#endif
