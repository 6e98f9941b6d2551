/* How much of a device's queries is written down. */
#ifndef PF_VALUE_PRIVACY_H
#define PF_VALUE_PRIVACY_H

enum privacy {
	PRIVACY_FULL,           /* all of it */
	PRIVACY_PSEUDONYM,      /* each query, of a device and a client that only a key can name */
	PRIVACY_ENDPOINTS_ONLY, /* where the device talks to, no single query */
};

#endif
