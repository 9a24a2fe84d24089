package slipway.server

import slipway.EntryPoint

/** The class that the build has made of the function's `main`; another one while the runtime's cache of classes is made. */
private val ENTRY_POINT = System.getProperty("slipway.function", "slipway.entry.Entry")

/** Whether this process runs for the virtual machine to learn what it needs, which it writes down at an orderly end. */
private val IS_TRAINING = System.getProperty("slipway.training") != null

/** Called by native/jvm.c, in this process's first Java thread; serves until the process ends. */
internal fun serve(
    settings: Array<String>,
    secret: ByteArray,
    listener: Int,
) {
    Logs.start()
    Output.capture()
    Thread.setDefaultUncaughtExceptionHandler { _, problem ->
        Logs.error(Invocation.Current.get()?.owner, "a thread failed", problem)
    }
    val server = Server(Settings(settings, secret), load(), listener)
    server.start()
    Native.tell(Native.READY)
    while (true) {
        when (Native.hear()) {
            Native.DRAIN -> server.watch.drain()
            Native.LEAVE -> server.leave()
            // Process 1 is gone.
            else -> Native.end(1)
        }
    }
}

/** The function; null where it can't be loaded. */
private fun load(): EntryPoint? =
    try {
        Class.forName(ENTRY_POINT).getDeclaredConstructor().newInstance() as EntryPoint
    } catch (problem: Throwable) {
        val cause = if (problem is ReflectiveOperationException) problem.cause ?: problem else problem
        Logs.error(null, "the function could not be loaded", cause)
        null
    }

internal fun end() {
    if (IS_TRAINING) Runtime.getRuntime().halt(0)
    Native.end(0)
}
