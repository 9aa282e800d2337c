/* Whom TLS trusts on this system. Any thread. */
#ifndef SCHEDULER_NET_CA_BUNDLE_H
#define SCHEDULER_NET_CA_BUNDLE_H

/* The file of certificates. One that cannot be read: every TLS connection will say so. */
const char *ca_bundle_of_system(void);

#endif
