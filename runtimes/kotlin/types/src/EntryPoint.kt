package slipway

/** What the runtime calls. The build makes one of the function's `main`, which may suspend or not. */
fun interface EntryPoint {
    suspend fun call(
        req: Request,
        res: Response,
    )
}
