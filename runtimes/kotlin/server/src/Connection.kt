package slipway.server

import io.netty.channel.ChannelHandlerContext
import io.netty.channel.ChannelInboundHandlerAdapter
import io.netty.channel.epoll.EpollSocketChannel
import io.netty.channel.socket.ChannelInputShutdownEvent
import io.netty.handler.codec.http.DefaultFullHttpResponse
import io.netty.handler.codec.http.HttpContent
import io.netty.handler.codec.http.HttpMethod
import io.netty.handler.codec.http.HttpRequest
import io.netty.handler.codec.http.HttpResponseStatus
import io.netty.handler.codec.http.HttpUtil
import io.netty.handler.codec.http.HttpVersion
import io.netty.handler.codec.http.LastHttpContent
import io.netty.handler.codec.http.TooLongHttpHeaderException
import io.netty.handler.codec.http.TooLongHttpLineException
import io.netty.util.ReferenceCountUtil

/** One connection: its requests one after the other, on its loop's thread. */
internal class Connection(
    private val server: Server,
    val loop: Loop,
    private val channel: EpollSocketChannel,
) : ChannelInboundHandlerAdapter() {
    private enum class Phase {
        /** Between requests. */
        IDLE,
        HEAD,
        BODY,

        /** Answered already, and the request's end has yet to come. */
        ENDING,
        RUNNING,

        /** Nothing is read any more. */
        CLOSING,
    }

    private var phase = Phase.IDLE

    /** Whether nothing has come yet. */
    private var isFresh = true
    private var since = System.nanoTime()
    private var reading: Reading? = null
    private var toHead = false
    private var isLast = false
    private var isWritten = false

    /** The id of the invocation whose function runs. */
    private var running: String? = null

    /** What came while a request was being answered. */
    private val waiting = ArrayDeque<Any>(0)

    override fun channelActive(context: ChannelHandlerContext) {
        server.connections.add(this)
        context.fireChannelActive()
    }

    override fun channelInactive(context: ChannelHandlerContext) {
        server.connections.remove(this)
        // Its descriptor may be another connection's by now.
        running?.let { Connections.rests(channel.fd().intValue(), it) }
        waiting.forEach(ReferenceCountUtil::release)
        waiting.clear()
        phase = Phase.CLOSING
    }

    /** Bytes have arrived, of whatever it is. */
    fun noteBytes() {
        isFresh = false
        if (phase == Phase.IDLE) {
            enter(Phase.HEAD)
        } else if (phase == Phase.BODY) {
            since = System.nanoTime()
        }
    }

    override fun channelRead(
        context: ChannelHandlerContext,
        message: Any,
    ) {
        if (phase == Phase.RUNNING) {
            waiting.addLast(message)
            channel.config().setAutoRead(false)
        } else {
            take(message)
        }
    }

    private fun take(message: Any) {
        try {
            when {
                phase == Phase.CLOSING -> {}
                message is HttpRequest -> begin(message)
                message is HttpContent -> goOn(message)
            }
        } finally {
            ReferenceCountUtil.release(message)
        }
    }

    private fun begin(request: HttpRequest) {
        toHead = request.method() == HttpMethod.HEAD
        isLast = !HttpUtil.isKeepAlive(request)
        val problem = request.decoderResult().cause()
        if (problem != null) return refuse(malformed(problem), null)
        enter(Phase.BODY)
        var id: String? = null
        try {
            val steering = Steering(request)
            if (steering.isTooLarge) throw tooLarge()
            if (request.protocolVersion().majorVersion() != 1) throw Refusal(Code.BAD_REQUEST, "the server speaks HTTP/1.1")
            val target = Target(request.uri())
            if (isProbe(request.method(), target.path)) return
            server.authorise(steering)
            id = steering.invocationId() ?: server.nextId()
            reading = Reading(server, request, target, steering, id)
            if (HttpUtil.is100ContinueExpected(request)) channel.writeAndFlush(GO_ON.retainedDuplicate(), channel.voidPromise())
        } catch (refusal: Refusal) {
            refuse(refusal, id, hasBody(request))
        }
    }

    /** Answers the probes, which need no secret. */
    private fun isProbe(
        method: HttpMethod,
        path: String,
    ): Boolean {
        if ((path != Contract.HEALTH && path != Contract.READY) || (method != HttpMethod.GET && !toHead)) return false
        if (path == Contract.READY) server.requireReady()
        answer(Outgoing.json(200, if (path == Contract.READY) READY else HEALTHY))
        return true
    }

    private fun goOn(content: HttpContent) {
        val isEnd = content is LastHttpContent
        val reading = reading
        if (phase == Phase.ENDING) {
            if (isEnd) enter(Phase.IDLE)
        } else if (phase == Phase.BODY && reading != null) {
            try {
                content.decoderResult().cause()?.let { throw malformed(it) }
                reading.add(content.content())
                if (!isEnd) return
                this.reading = null
                enter(Phase.RUNNING)
                invoke(reading)
            } catch (refusal: Refusal) {
                this.reading = null
                refuse(refusal, reading.id, phase != Phase.RUNNING)
            }
        }
    }

    private fun invoke(reading: Reading) {
        val exchange = reading.exchange(this)
        running = reading.id
        val flags =
            (if (toHead) Connections.TO_HEAD else 0) or
                (if (exchange.invocation.isInEnvelope) Connections.IN_ENVELOPE else 0)
        Connections.runs(channel.fd().intValue(), exchange.invocation.id, flags)
        loop.make(exchange)
        server.watch.wake()
    }

    private fun refuse(
        refusal: Refusal,
        id: String?,
        hasMore: Boolean = true,
    ) {
        // What was not read can't be told from the next request.
        isLast = isLast || hasMore
        answer(Outgoing.refused(refusal, id))
    }

    /** Answers the request at hand, and goes on with the next. */
    fun answer(outgoing: Outgoing) {
        if (!channel.isActive) return
        val isRead = phase == Phase.RUNNING
        running?.let { Connections.rests(channel.fd().intValue(), it) }
        running = null
        val closes = isLast || channel.isInputShutdown || server.state != State.SERVING
        val response = outgoing.toNetty(toHead, closes)
        if (closes) {
            enter(Phase.CLOSING)
            // The client may be sending still: what it has not read of the answer would be lost if this just closed.
            channel.writeAndFlush(response).addListener {
                isWritten = true
                since = System.nanoTime()
                if (channel.isInputShutdown) channel.close() else channel.shutdownOutput()
            }
            resume()
            return
        }
        channel.writeAndFlush(response, channel.voidPromise())
        enter(if (isRead) Phase.IDLE else Phase.ENDING)
        resume()
    }

    private fun resume() {
        while (phase != Phase.RUNNING) take(waiting.removeFirstOrNull() ?: break)
        if (waiting.isEmpty() && !channel.config().isAutoRead) channel.config().setAutoRead(true)
    }

    override fun userEventTriggered(
        context: ChannelHandlerContext,
        event: Any,
    ) {
        // The client has said everything. It may still want its answer.
        val isAnswering = phase == Phase.RUNNING || phase == Phase.CLOSING && !isWritten
        if (event is ChannelInputShutdownEvent && !isAnswering) channel.close()
    }

    @Deprecated("Netty's own interface has it still")
    override fun exceptionCaught(
        context: ChannelHandlerContext,
        problem: Throwable,
    ) {
        // A connection that broke is its client's business.
        if (problem !is java.io.IOException) Logs.error(null, "a connection failed", problem)
        channel.close()
    }

    /** Whether an answer is still on its way; from any thread. */
    val isWriting: Boolean get() = (channel.unsafe().outboundBuffer()?.totalPendingWriteBytes() ?: 0) > 0

    /** Closes it where nothing comes; where the process ends, also where nothing is under way. */
    fun look(
        now: Long,
        isEnding: Boolean,
    ) {
        val still = now - since
        val most: Long =
            when (phase) {
                Phase.HEAD, Phase.BODY, Phase.ENDING -> Contract.STALL_NANOSECONDS
                Phase.IDLE ->
                    when {
                        !isEnding || isWriting -> IDLE_NANOSECONDS
                        isFresh -> FIRST_BYTES_NANOSECONDS
                        else -> LAST_IDLE_NANOSECONDS
                    }
                Phase.CLOSING -> if (isWriting) IDLE_NANOSECONDS else LINGER_NANOSECONDS
                Phase.RUNNING -> return
            }
        if (still >= most) channel.close()
    }

    private fun enter(next: Phase) {
        phase = next
        since = System.nanoTime()
    }

    private companion object {
        const val IDLE_NANOSECONDS = 120_000_000_000L

        /** In a process that ends: what a client has just sent gets to arrive. */
        const val LAST_IDLE_NANOSECONDS = 50_000_000L

        /** In a process that ends: whoever connects to call says something before. */
        const val FIRST_BYTES_NANOSECONDS = 300_000_000L
        const val LINGER_NANOSECONDS = 2_000_000_000L
        val HEALTHY = """{"status":"ok"}""".toByteArray()
        val READY = """{"status":"ready"}""".toByteArray()
        val GO_ON = DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE)

        fun hasBody(request: HttpRequest) =
            HttpUtil.isTransferEncodingChunked(request) || HttpUtil.getContentLength(request, 0L) > 0

        fun tooLarge() = Refusal(Code.HEADERS_TOO_LARGE, "the headers are larger than the runtime takes")

        fun malformed(problem: Throwable) =
            if (problem is TooLongHttpHeaderException || problem is TooLongHttpLineException) {
                tooLarge()
            } else {
                Refusal(Code.BAD_REQUEST, "the request is malformed: ${problem.message}")
            }
    }
}
