import { answerOrders } from "../json/large/orders.ts";
import { type PredictOrder, predictDocument } from "./request.ts";

answerOrders(({ body, signatures }: PredictOrder) => predictDocument(body, signatures));
