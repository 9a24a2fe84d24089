package slipway.server

import io.netty.channel.Channel
import io.netty.channel.ChannelHandlerContext
import io.netty.channel.ChannelInboundHandlerAdapter
import io.netty.channel.ChannelOption
import io.netty.channel.epoll.EpollIoHandler
import io.netty.channel.epoll.EpollServerSocketChannel
import io.netty.channel.epoll.EpollSocketChannel
import io.netty.handler.codec.http.HttpResponseEncoder
import kotlinx.coroutines.asCoroutineDispatcher
import slipway.EntryPoint
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong

/** What this process is doing. */
internal enum class State {
    SERVING,

    /** Another process is to take its place, because a function here holds a thread for good. */
    RETIRING,

    /** The server ends. */
    DRAINING,
}

/** HTTP in and out: connections spread over event loops. */
internal class Server(
    val settings: Settings,
    private val entryPoint: EntryPoint?,
    listener: Int,
) {
    val flight = Flight(settings.concurrency)
    val watch = Watch(this)
    val connections: MutableSet<Connection> = ConcurrentHashMap.newKeySet()

    @Volatile var state = State.SERVING

    /** Whether no more connections are taken. */
    @Volatile var hasLeft = false
        private set

    private val functions = Threads.ofFunctions(settings.concurrency + SPARE_THREADS)
    val dispatcher = functions.asCoroutineDispatcher()
    val loops: List<Loop>
    private val channel: Channel
    private val ids = AtomicLong()
    private val idPrefix = java.lang.Long.toString(System.nanoTime() xor (ProcessHandle.current().pid() shl ID_SHIFT), ID_RADIX)

    init {
        val threads = Threads.ofLoops()
        val factory = EpollIoHandler.newFactory()
        val count = Runtime.getRuntime().availableProcessors().coerceAtMost(MOST_LOOPS)
        loops = List(count) { Loop(factory, threads, watch::handsOver, functions) }
        channel = EpollServerSocketChannel(listener)
        channel.config().setOption(ChannelOption.SO_BACKLOG, BACKLOG)
        channel.pipeline().addLast(Accepting())
    }

    fun start() {
        loops.forEach(Loop::start)
        watch.start()
        loops.first().register(channel).sync()
    }

    /** Takes no more connections: those that wait are another process's, or nobody's. */
    fun leave() {
        hasLeft = true
        channel.close()
    }

    fun authorise(steering: Steering) {
        if (!settings.secret.isGiven(steering.secret)) {
            throw Refusal(Code.UNAUTHORIZED, "the header ${Contract.SECRET} is missing or wrong")
        }
    }

    /** The function, where an invocation would be taken now. */
    fun requireReady(): EntryPoint {
        if (state == State.DRAINING) throw shuttingDown()
        val entryPoint =
            entryPoint
                ?: throw Refusal(Code.FUNCTION_NOT_LOADED, "the function could not be loaded; the server's log says why")
        if (flight.isFull) throw overloaded()
        return entryPoint
    }

    fun overloaded() = Refusal(Code.OVERLOADED, "as many invocations are in flight as the runtime takes")

    fun shuttingDown() = Refusal(Code.SHUTTING_DOWN, "the server is shutting down")

    fun nextId(): String = idPrefix + '-' + java.lang.Long.toString(ids.incrementAndGet(), ID_RADIX)

    private inner class Accepting : ChannelInboundHandlerAdapter() {
        private var next = 0

        override fun channelRead(
            context: ChannelHandlerContext,
            message: Any,
        ) {
            val accepted = message as EpollSocketChannel
            val loop = loops[next++ % loops.size]
            val connection = Connection(this@Server, loop, accepted)
            accepted.config().setTcpNoDelay(true).isAllowHalfClosure = true
            accepted.pipeline().addLast(Decoder(connection), HttpResponseEncoder(), connection)
            loop.register(accepted)
        }

        @Deprecated("Netty's own interface has it still")
        override fun exceptionCaught(
            context: ChannelHandlerContext,
            problem: Throwable,
        ) {
            Logs.error(null, "a connection can't be accepted", problem)
        }
    }

    private companion object {
        const val MOST_LOOPS = 8
        const val SPARE_THREADS = 32
        const val BACKLOG = 4096
        const val ID_RADIX = 36
        const val ID_SHIFT = 40
    }
}
