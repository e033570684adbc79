/*
 * The helper program's body; nobody but its main calls this.
 */
#ifndef ASID_MEDIA_WORKER_H
#define ASID_MEDIA_WORKER_H

/* Read one request from the socket that is standard input, answer it. Returns
 * the exit status of the process. */
int media_worker_main(void);

#endif
