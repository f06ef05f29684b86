/* A library with the ABI of MPI 5.0 over MPICH: no distribution has one yet. Handles are the constants of the standard; others are
   refused aloud. It exports what DL1.Mpi calls. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef void *Handle;

static void *library;

static void *call(const char *name) {
    if (!library) library = dlopen("libmpich.so.12", RTLD_NOW | RTLD_GLOBAL);
    void *found = library ? dlsym(library, name) : NULL;
    if (!found) {
        fprintf(stderr, "mpi-abi: no %s in libmpich.so.12\n", name);
        abort();
    }
    return found;
}

/* MPICH's handle of the standard's. */
static int own(Handle handle) {
    switch ((uintptr_t)handle) {
        case 0x101: return 0x44000000; /* MPI_COMM_WORLD */
        case 0x247: return 0x4c00010d; /* MPI_BYTE */
        case 0x210: return 0x4c00040a; /* MPI_FLOAT */
        case 0x021: return 0x58000003; /* MPI_SUM */
        case 0x142: return 0x54000001; /* MPI_ERRORS_RETURN */
    }
    fprintf(stderr, "mpi-abi: the handle %p is none of the standard\n", handle);
    abort();
}

static const Handle nullRequest = (Handle)0x180;

/* Requests have the size of an address here, and that of an int there. */
static int begun(int code, int request, Handle *result) {
    *result = (Handle)(uintptr_t)(uint32_t)request;
    return code;
}

/* Thread levels are 0, 1024, 2048 and 4096 here, and 0 to 3 there. */
static int level(int standard) { return standard == 0 ? 0 : standard == 1024 ? 1 : standard == 2048 ? 2 : 3; }

int MPI_Init_thread(int *argc, char ***argv, int required, int *provided) {
    int given = 0, (*f)(int *, char ***, int, int *) = call(__func__);
    int code = f(argc, argv, level(required), &given);
    *provided = given == 0 ? 0 : 512 << given;
    return code;
}

int MPI_Initialized(int *flag) { int (*f)(int *) = call(__func__); return f(flag); }
int MPI_Finalized(int *flag) { int (*f)(int *) = call(__func__); return f(flag); }
int MPI_Finalize(void) { int (*f)(void) = call(__func__); return f(); }
int MPI_Comm_rank(Handle comm, int *rank) { int (*f)(int, int *) = call(__func__); return f(own(comm), rank); }
int MPI_Comm_size(Handle comm, int *size) { int (*f)(int, int *) = call(__func__); return f(own(comm), size); }
int MPI_Comm_set_errhandler(Handle comm, Handle handler) { int (*f)(int, int) = call(__func__); return f(own(comm), own(handler)); }
int MPI_Error_string(int code, char *text, int *length) { int (*f)(int, char *, int *) = call(__func__); return f(code, text, length); }
int MPI_Get_library_version(char *text, int *length) { int (*f)(char *, int *) = call(__func__); return f(text, length); }
int MPI_Abort(Handle comm, int code) { int (*f)(int, int) = call(__func__); return f(own(comm), code); }

int MPI_Alltoall(const void *from, int sent, Handle sentType, void *to, int got, Handle gotType, Handle comm) {
    int (*f)(const void *, int, int, void *, int, int, int) = call(__func__);
    return f(from, sent, own(sentType), to, got, own(gotType), own(comm));
}

int MPI_Allgather(const void *from, int sent, Handle sentType, void *to, int got, Handle gotType, Handle comm) {
    int (*f)(const void *, int, int, void *, int, int, int) = call(__func__);
    return f(from, sent, own(sentType), to, got, own(gotType), own(comm));
}

int MPI_Bcast(void *buffer, int count, Handle type, int root, Handle comm) {
    int (*f)(void *, int, int, int, int) = call(__func__);
    return f(buffer, count, own(type), root, own(comm));
}

int MPI_Allreduce(const void *from, void *to, int count, Handle type, Handle operation, Handle comm) {
    int (*f)(const void *, void *, int, int, int, int) = call(__func__);
    /* MPI_IN_PLACE */
    if (from == (void *)1) from = (void *)-1;
    return f(from, to, count, own(type), own(operation), own(comm));
}

int MPI_Iallgather(const void *from, int sent, Handle sentType, void *to, int got, Handle gotType, Handle comm, Handle *request) {
    int (*f)(const void *, int, int, void *, int, int, int, int *) = call(__func__);
    int now = 0, code = f(from, sent, own(sentType), to, got, own(gotType), own(comm), &now);
    return begun(code, now, request);
}

int MPI_Isend(const void *buffer, int count, Handle type, int target, int tag, Handle comm, Handle *request) {
    int (*f)(const void *, int, int, int, int, int, int *) = call(__func__);
    int now = 0, code = f(buffer, count, own(type), target, tag, own(comm), &now);
    return begun(code, now, request);
}

int MPI_Irecv(void *buffer, int count, Handle type, int source, int tag, Handle comm, Handle *request) {
    int (*f)(void *, int, int, int, int, int, int *) = call(__func__);
    int now = 0, code = f(buffer, count, own(type), source, tag, own(comm), &now);
    return begun(code, now, request);
}

int MPI_Test(Handle *request, int *flag, void *status) {
    int (*f)(int *, int *, void *) = call(__func__);
    int now = *request == nullRequest ? 0x2c000000 : (int)(uintptr_t)*request;
    int code = f(&now, flag, status);
    *request = now == 0x2c000000 ? nullRequest : (Handle)(uintptr_t)(uint32_t)now;
    return code;
}
